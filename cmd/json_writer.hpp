#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/output.hpp"

namespace metamori::cmd {

/// Writes one JSON value, as it comes, on one line. Text must be UTF-8: undecodable bytes become U+FFFD; use path() for what may hold any
/// bytes.
class JsonWriter {
 public:
  explicit JsonWriter(Output& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& real(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// Members `name` and, if the bytes are not UTF-8, `name_b64`.
  JsonWriter& path(std::string_view name, std::string_view bytes);
  /// A string whose text comes in pieces of base64 or ASCII that needs no escape.
  JsonWriter& begin_raw_text();
  JsonWriter& raw_text(std::string_view piece);
  JsonWriter& end_raw_text();

  // Members of an object.
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).text(value); }
  template <std::same_as<bool> T>
  JsonWriter& field(std::string_view name, T value) {
    return key(name).boolean(value);
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonWriter& field(std::string_view name, T value) {
    if constexpr (std::signed_integral<T>)
      return key(name).number(static_cast<std::int64_t>(value));
    else
      return key(name).number(static_cast<std::uint64_t>(value));
  }
  JsonWriter& field(std::string_view name, double value) { return key(name).real(value); }

 private:
  void before_value();
  Output& out_;
  /// For each open container: whether it has a member already.
  std::vector<bool> has_member_;
  bool after_key_ = false;
};

}  // namespace metamori::cmd
