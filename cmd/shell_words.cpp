#include "cmd/shell_words.hpp"

#include <utility>

namespace metamori::cmd {
namespace {

constexpr std::string_view kBlanks = " \t\n";
/// In double quotes a backslash means something before these alone.
constexpr std::string_view kEscapedInQuotes = "$`\"\\";

class Splitter {
 public:
  explicit Splitter(std::string_view breaks) : breaks_(breaks) {}

  void take(char c) {
    if (is_escaped_) {
      if (quote_ == '"' && kEscapedInQuotes.find(c) == std::string_view::npos) word_ += '\\';
      word_ += c;
      is_escaped_ = false;
    } else if (c == '\\' && quote_ != '\'') {
      is_open_ = is_escaped_ = true;
    } else if (quote_ != 0) {
      if (c == quote_) {
        quote_ = 0;
      } else {
        word_ += c;
      }
    } else if (c == '\'' || c == '"') {
      quote_ = c;
      is_open_ = true;
      hidden_ = word_.size();
    } else if (kBlanks.find(c) != std::string_view::npos) {
      if (is_open_) words_.push_back(std::exchange(word_, {}));
      is_open_ = false;
      hidden_ = 0;
    } else {
      word_ += c;
      is_open_ = true;
      if (breaks_.find(c) != std::string_view::npos) hidden_ = word_.size();
    }
  }
  ShellWords end() {
    words_.push_back(std::move(word_));
    return {std::move(words_), hidden_};
  }

 private:
  std::string_view breaks_;
  std::vector<std::string> words_;
  std::string word_;
  std::size_t hidden_ = 0;
  bool is_open_ = false;
  bool is_escaped_ = false;
  char quote_ = 0;
};

}  // namespace

ShellWords split_shell_line(std::string_view line, std::string_view breaks) {
  Splitter splitter(breaks);
  for (const char c : line) splitter.take(c);
  return splitter.end();
}

}  // namespace metamori::cmd
