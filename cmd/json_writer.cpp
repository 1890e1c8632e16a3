#include "cmd/json_writer.hpp"

#include <cmath>

#include "cmd/text.hpp"

namespace metamori::cmd {
namespace {

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

}  // namespace

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_member_.empty()) return;
  if (has_member_.back()) out_.write(",");
  has_member_.back() = true;
}

JsonWriter& JsonWriter::begin_object() {
  before_value();
  out_.write("{");
  has_member_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  has_member_.pop_back();
  out_.write("}");
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  before_value();
  out_.write("[");
  has_member_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  has_member_.pop_back();
  out_.write("]");
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  before_value();
  out_.write(escape(name));
  out_.write(":");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  before_value();
  out_.write(is_utf8(value) ? escape(value) : escape(replace_invalid_utf8(value)));
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  before_value();
  out_.print("{}", value);
  return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
  before_value();
  out_.print("{}", value);
  return *this;
}

JsonWriter& JsonWriter::real(double value) {
  before_value();
  // JSON has no infinity; and six places are more than any clock here tells.
  if (std::isfinite(value)) {
    out_.print("{:.6f}", value);
  } else {
    out_.write("null");
  }
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  before_value();
  out_.write(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  out_.write("null");
  return *this;
}

JsonWriter& JsonWriter::path(std::string_view name, std::string_view bytes) {
  field(name, bytes);
  if (!is_utf8(bytes)) field(std::string(name) + "_b64", std::string_view(base64(bytes)));
  return *this;
}

JsonWriter& JsonWriter::begin_raw_text() {
  before_value();
  out_.write("\"");
  return *this;
}

JsonWriter& JsonWriter::raw_text(std::string_view piece) {
  out_.write(piece);
  return *this;
}

JsonWriter& JsonWriter::end_raw_text() {
  out_.write("\"");
  return *this;
}

}  // namespace metamori::cmd
