#include <algorithm>

#include "metamori/error.hpp"
#include "objects/record.hpp"

// Metadata as git trailers: the rules of git's own trailer code (`git interpret-trailers --no-divider --if-exists add`), step for step, so
// that git and Metamori see the same ones. Lines that start with `#` are comments to git and are treated as it treats them.

namespace metamori {
namespace {

constexpr char kCommentChar = '#';
constexpr std::string_view kScissors = "# ------------------------ >8 ------------------------\n";

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_token_char(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Where the line after the one at `at` starts.
std::size_t next_line(std::string_view text, std::size_t at) noexcept {
  const std::size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

/// Where the last line of the first `size` bytes starts; nothing if there is none. A newline at the end belongs to that line.
std::optional<std::size_t> last_line(std::string_view text, std::size_t size) noexcept {
  if (size == 0) return std::nullopt;
  if (size == 1) return 0;
  const std::size_t newline = text.rfind('\n', size - 2);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

bool is_blank_line(std::string_view text, std::size_t at) noexcept {
  const std::string_view line = text.substr(at, next_line(text, at) - at);
  return std::all_of(line.begin(), line.end(), is_space);
}

/// Position of the colon after a token, or 0: a line without one, or with nothing before it.
std::size_t find_separator(std::string_view line) noexcept {
  bool seen_space = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ':') return i;
    if (!seen_space && is_token_char(line[i])) continue;
    if (i != 0 && (line[i] == ' ' || line[i] == '\t')) {
      seen_space = true;
      continue;
    }
    break;
  }
  return 0;
}

/// End of the message proper: before a run of comments, empty lines and an old list of conflicts at its end, and before git's scissors
/// line.
std::size_t find_trailer_end(std::string_view text) {
  std::size_t cutoff = text.size();
  if (text.starts_with(kScissors)) {
    cutoff = 0;
  } else if (const std::size_t found = text.find("\n" + std::string(kScissors)); found != std::string_view::npos) {
    cutoff = found + 1;
  }
  std::size_t run = 0;  // where the run starts; as in git, a run from the very first byte does not count
  bool in_conflicts = false;
  for (std::size_t at = 0; at < cutoff; at = next_line(text, at)) {
    if (text[at] == kCommentChar || text[at] == '\n') {
      if (run == 0) run = at;
    } else if (text.substr(at).starts_with("Conflicts:\n")) {
      in_conflicts = true;
      if (run == 0) run = at;
    } else if (!(in_conflicts && text[at] == '\t') && run != 0) {
      run = 0;
      in_conflicts = false;
    }
  }
  return run != 0 ? run : cutoff;
}

std::size_t end_of_title(std::string_view text, std::size_t end) {
  std::size_t at = 0;
  while (at < end && (text[at] == kCommentChar || !is_blank_line(text, at))) at = next_line(text, at);
  return at;
}

/// Start of the block of trailers before `end`, or `end`: the last paragraph, if it is not the first, and is all trailers, or has one that
/// git makes itself and at least a quarter of trailers.
std::size_t find_trailer_start(std::string_view text, std::size_t end) {
  const std::size_t title = end_of_title(text, end);
  bool only_spaces = true;
  bool made_by_git = false;
  std::size_t trailers = 0, others = 0, continuations = 0;
  for (auto line = last_line(text, end); line && *line >= title; line = last_line(text, *line)) {
    const std::size_t at = *line;
    const std::string_view rest = text.substr(at);
    if (rest.front() == kCommentChar) {
      others += std::exchange(continuations, 0);
    } else if (is_blank_line(text, at)) {
      if (only_spaces) continue;
      others += continuations;
      const bool found = (made_by_git && trailers * 3 >= others) || (trailers != 0 && others == 0);
      return found ? next_line(text, at) : end;
    } else {
      only_spaces = false;
      if (rest.starts_with("Signed-off-by: ") || rest.starts_with("(cherry picked from commit ")) {
        ++trailers;
        continuations = 0;
        made_by_git = true;
      } else if (find_separator(rest) >= 1 && !is_space(rest.front())) {
        ++trailers;
        continuations = 0;
      } else if (is_space(rest.front())) {
        ++continuations;
      } else {
        others += 1 + std::exchange(continuations, 0);
      }
    }
  }
  return end;
}

/// A value that goes over several lines as one.
std::string unfold(std::string_view value) {
  std::string result;
  for (std::size_t i = 0; i < value.size();) {
    const char c = value[i++];
    if (c != '\n') {
      result += c;
      continue;
    }
    while (i < value.size() && is_space(value[i])) ++i;
    result += ' ';
  }
  return std::string(trim(result));
}

/// The block's lines, each with the lines that continue it.
std::vector<std::string> block_items(std::string_view block) {
  std::vector<std::string> items;
  bool may_continue = false;
  for (std::size_t at = 0; at < block.size(); at = next_line(block, at)) {
    const std::string_view line = block.substr(at, next_line(block, at) - at);
    if (may_continue && is_space(line.front())) {
      items.back() += line;
      continue;
    }
    items.emplace_back(line);
    may_continue = find_separator(line) >= 1;
  }
  return items;
}

/// One item as git prints it when it adds to a block; empty for comments, which it drops.
std::string printed(const std::string& item) {
  if (item.front() == kCommentChar) return {};
  const std::size_t colon = find_separator(item);
  if (colon < 1) return item.ends_with('\n') ? item : item + "\n";
  const std::string token(trim(std::string_view(item).substr(0, colon)));
  return token + ": " + std::string(trim(std::string_view(item).substr(colon + 1))) + "\n";
}

}  // namespace

std::string join_trailers(std::string_view message, const std::vector<std::pair<std::string, std::string>>& trailers) {
  std::string text(message);
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (trailers.empty()) return text;
  const std::size_t end = find_trailer_end(text);
  const std::size_t start = find_trailer_start(text, end);
  std::string result = text.substr(0, start);
  const auto before = last_line(text, start);
  if (!before || !is_blank_line(text, *before)) result += '\n';
  for (const std::string& item : block_items(std::string_view(text).substr(start, end - start))) result += printed(item);
  for (const auto& [key, value] : trailers) {
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_token_char))
      throw Error(ErrorKind::usage, "the key '" + key + "' is not made of letters, digits and '-'");
    if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
      throw Error(ErrorKind::usage, "the value of '" + key + "' is not one line");
    result += key + ": " + std::string(trim(value)) + "\n";
  }
  return result + text.substr(end);
}

SplitMessage split_trailers(std::string_view message) {
  const std::size_t end = find_trailer_end(message);
  const std::size_t start = find_trailer_start(message, end);
  SplitMessage result;
  std::string_view before = message.substr(0, start);
  if (start != end)
    while (before.ends_with("\n\n") || before == "\n") before.remove_suffix(1);
  result.text = before;
  for (const std::string& item : block_items(message.substr(start, end - start))) {
    const std::size_t colon = find_separator(item);
    if (colon < 1 || item.front() == kCommentChar) {
      result.text += item;  // nothing of a message is lost
      continue;
    }
    result.trailers.emplace_back(trim(std::string_view(item).substr(0, colon)), unfold(trim(std::string_view(item).substr(colon + 1))));
  }
  result.text += message.substr(end);
  return result;
}

}  // namespace metamori
