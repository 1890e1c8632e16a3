#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "core/format_file.hpp"
#include "core/locate.hpp"

namespace metamori::test {
namespace {

constexpr const char* kId = "00112233445566778899aabbccddeeff";

ErrorKind kind_of(const std::string& text) {
  try {
    decode_format_file(text, "format");
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "accepted: " << text;
  return ErrorKind::usage;
}

std::string sealed(const std::string& text) { return text + "sha256 " + to_hex(sha256(as_bytes(text))) + "\n"; }

TEST(FormatFile, IsReadBack) { EXPECT_EQ(decode_format_file(encode_format_file(kId), "format"), kId); }

TEST(FormatFile, AnyChangedOrMissingByteIsTold) {
  const std::string good = encode_format_file(kId);
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_EQ(kind_of(good.substr(0, i)), ErrorKind::corrupt) << i;
    for (const int bit : {1, 4, 128}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ bit);
      try {
        decode_format_file(bad, "format");
        ADD_FAILURE() << "accepted with byte " << i << " changed";
      } catch (const Error& error) {
        // A changed number is another format.
        EXPECT_TRUE(error.kind() == ErrorKind::corrupt ||
                    (error.kind() == ErrorKind::unsupported && i == std::string("metamori-repository ").size()));
      }
    }
  }
  EXPECT_EQ(kind_of(good + "x"), ErrorKind::corrupt);
}

TEST(FormatFile, NewerFormatsAndUnknownFeaturesAreUnsupported) {
  EXPECT_EQ(kind_of("metamori-repository 2\nanything may follow"), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("metamori-repository 99999999999999999999999\n"), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(sealed(std::string("metamori-repository 1\nid ") + kId + "\nfeature encrypted\n")), ErrorKind::unsupported);
  EXPECT_EQ(kind_of("metamori-repository 01\n"), ErrorKind::corrupt);
  EXPECT_EQ(kind_of(sealed("metamori-repository 1\nid 00\n")), ErrorKind::corrupt);
}

TEST(FormatFile, PointersAreOneLine) {
  EXPECT_EQ(decode_pointer(encode_pointer("/a b/c"), "p"), "/a b/c");
  for (const char* text : {"", "metamori-dir: ", "metamori-dir: \n", "metamori-dir: /x", "metamori-dir: /x\n\n", "dir: /x\n"})
    EXPECT_THROW(decode_pointer(text, "p"), Error) << text;
}

TEST(FormatFile, OnlyTheCoreSectionDeclaresSharing) {
  EXPECT_TRUE(config_declares_shared(shared_config()));
  EXPECT_TRUE(config_declares_shared("# note\n[Core]\n Shared=GROUP ; yes"));
  EXPECT_FALSE(config_declares_shared(""));
  EXPECT_FALSE(config_declares_shared("[core]\n# shared = group\n"));
  EXPECT_FALSE(config_declares_shared("[other]\nshared = group\n"));
  EXPECT_FALSE(config_declares_shared("[core]\nshared = group\nshared = no\n"));
}

TEST(Paths, AreNormalizedLexically) {
  EXPECT_EQ(normalized_path("/a//b/./c/../d/"), "/a/b/d");
  EXPECT_EQ(normalized_path("/../.."), "/");
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(joined_path("/", "a"), "/a");
}

}  // namespace
}  // namespace metamori::test
