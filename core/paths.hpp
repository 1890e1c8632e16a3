#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace metamori {

/// Orders paths as a walk meets them: by components, so that everything below a directory stands right after it (plain byte order puts
/// `a-b` between `a` and `a/b`).
struct WalkOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return rank(x) < rank(y); });
  }

 private:
  static int rank(char c) noexcept { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; }
};

/// Whether `path` is `directory` or lies below it. The empty path is the top.
inline bool is_at_or_below(std::string_view path, std::string_view directory) noexcept {
  if (directory.empty()) return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Whether it is one of `tops` or lies below one.
inline bool is_at_or_below_any(std::string_view path, const std::vector<std::string>& tops) noexcept {
  return std::any_of(tops.begin(), tops.end(), [&](const std::string& top) { return is_at_or_below(path, top); });
}

/// The same, where no tops at all stand for everything.
inline bool is_in_scope(std::string_view path, const std::vector<std::string>& scope) noexcept {
  return scope.empty() || is_at_or_below_any(path, scope);
}

}  // namespace metamori
