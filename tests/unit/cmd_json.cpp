#include "cmd/json_writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/text.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

TEST(JsonWriter, NestsAndSeparates) {
  StringOutput out;
  JsonWriter json(out);
  json.begin_object()
      .field("a", 1)
      .field("b", true)
      .key("c")
      .begin_array()
      .number(std::uint64_t{UINT64_MAX})
      .null()
      .begin_object()
      .end_object()
      .end_array();
  json.field("d", "x").field("e", std::int64_t{INT64_MIN}).field("f", 0.5).end_object();
  out.flush();
  EXPECT_EQ(out.text(), R"({"a":1,"b":true,"c":[18446744073709551615,null,{}],"d":"x","e":-9223372036854775808,"f":0.500000})");
}

TEST(JsonWriter, NoNumberIsNotANumber) {
  StringOutput out;
  JsonWriter(out).begin_array().real(std::numeric_limits<double>::quiet_NaN()).real(std::numeric_limits<double>::infinity()).end_array();
  out.flush();
  EXPECT_EQ(out.text(), "[null,null]");
}

TEST(JsonWriter, PathsThatAreNotUtf8AreAlsoBase64) {
  StringOutput out;
  JsonWriter(out).begin_object().path("path", "a\xFF").path("from", "b").end_object();
  out.flush();
  EXPECT_EQ(out.text(), "{\"path\":\"a\xEF\xBF\xBD\",\"path_b64\":\"Yf8=\",\"from\":\"b\"}");
}

TEST(JsonWriter, AnyBytesMakeValidJson) {
  const bool holds = rc::check("a JSON parser reads every text back", [](const std::vector<unsigned char>& bytes) {
    const std::string text(bytes.begin(), bytes.end());
    StringOutput out;
    JsonWriter(out).begin_object().field("t", std::string_view(text)).path("p", text).end_object();
    out.flush();
    const auto value = nlohmann::json::parse(out.text());
    RC_ASSERT(value["t"].get<std::string>() == replace_invalid_utf8(text));
    RC_ASSERT(value.contains("p_b64") == !is_utf8(text));
  });
  EXPECT_TRUE(holds);
}

TEST(JsonRender, RepeatedKeysOfMetadataBecomeArrays) {
  StringOutput out;
  JsonWriter json(out);
  CheckpointInfo info;
  info.metadata = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  json.begin_object();
  write_checkpoint_members(json, info);
  json.end_object();
  out.flush();
  const auto value = nlohmann::json::parse(out.text());
  EXPECT_EQ(value["meta"]["a"], nlohmann::json::parse(R"(["1","3"])"));
  EXPECT_EQ(value["meta"]["b"], "2");
  EXPECT_TRUE(value["id"].is_null());
}

TEST(JsonRender, ChangesHaveTheAgreedMembers) {
  DiffReport report;
  Change change;
  change.path = "n";
  change.from = "o\xFF";
  change.kind = ChangeKind::renamed;
  change.size_after = 5;
  change.ranges = {{1, 2}};
  report.changes = {change};
  report.renamed = 1;
  StringOutput out;
  JsonWriter json(out);
  json.begin_object();
  write_diff_members(json, report);
  json.end_object();
  out.flush();
  const auto value = nlohmann::json::parse(out.text());
  const auto& first = value["changes"][0];
  EXPECT_EQ(first["path"], "n");
  EXPECT_EQ(first["change"], "renamed");
  EXPECT_EQ(first["from_b64"], "b/8=");
  EXPECT_TRUE(first["size_before"].is_null());
  EXPECT_EQ(first["size_after"], 5);
  EXPECT_EQ(first["ranges"][0]["offset"], 1);
  EXPECT_EQ(value["renamed"], 1);
}

TEST(JsonRender, VerdictsAreSortedIntoLists) {
  const std::vector<CapturedPath> verdicts{{"a", CaptureVerdict::torn, Liveness::yes, ""},
                                           {"b", CaptureVerdict::unreadable, Liveness::no, "denied"}};
  StringOutput out;
  JsonWriter json(out);
  json.begin_object();
  write_verdict_members(json, verdicts);
  json.end_object();
  out.flush();
  const auto value = nlohmann::json::parse(out.text());
  EXPECT_EQ(value["torn"][0]["path"], "a");
  EXPECT_EQ(value["live"][0]["path"], "a");
  EXPECT_EQ(value["unreadable"][0]["reason"], "denied");
  EXPECT_TRUE(value["kept"].empty());
}

TEST(ExitCodes, FollowTheKind) {
  EXPECT_EQ(exit_code(ErrorKind::usage), 2);
  EXPECT_EQ(exit_code(ErrorKind::no_repository), 10);
  EXPECT_EQ(exit_code(ErrorKind::locked), 11);
  EXPECT_EQ(exit_code(ErrorKind::bad_revision), 12);
  EXPECT_EQ(exit_code(ErrorKind::corrupt), 13);
  EXPECT_EQ(exit_code(ErrorKind::unsupported), 14);
  EXPECT_EQ(exit_code(ErrorKind::no_space), 15);
  EXPECT_EQ(exit_code(ErrorKind::refused), 16);
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::timed_out, ErrorKind::torn, ErrorKind::interrupted}) EXPECT_EQ(exit_code(kind), 1);
}

}  // namespace
