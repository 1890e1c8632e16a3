#include "cmd/completion_words.hpp"

#include <algorithm>

#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

const OptionSpec* find_in(const Options& options, std::string_view name) {
  for (const OptionSpec& spec : options.options())
    for (const std::string& each : spec.name_list())
      if (each == name) return &spec;
  return nullptr;
}

}  // namespace

WordsBefore::WordsBefore(const std::vector<std::string>& words) {
  describe_common(common_options_, common_);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) take(words[i]);
}

bool WordsBefore::has(const OptionSpec& spec) const noexcept { return std::find(given_.begin(), given_.end(), &spec) != given_.end(); }

const OptionSpec* WordsBefore::find(std::string_view name) const noexcept {
  const OptionSpec* own = find_in(own_options_, name);
  return own != nullptr ? own : find_in(common_options_, name);
}

const PositionalSpec* WordsBefore::next_positional() const noexcept {
  if (is_after_dashes_ && own_options_.dashes()) return &*own_options_.dashes();
  const std::vector<PositionalSpec>& specs = own_options_.positionals();
  if (positionals_.size() < specs.size()) return &specs[positionals_.size()];
  return !specs.empty() && specs.back().is_repeated ? &specs.back() : nullptr;
}

void WordsBefore::take(const std::string& word) {
  if (pending_ != nullptr) {
    set(*std::exchange(pending_, nullptr), word);
  } else if (is_after_dashes_) {
    if (!own_options_.dashes()) positionals_.push_back(word);
  } else if (word == "--") {
    is_after_dashes_ = true;
  } else if (word.size() > 1 && word.front() == '-') {
    take_option(word);
  } else if (row_ != nullptr || is_unknown_command_) {
    positionals_.push_back(word);
  } else {
    row_ = find_command(word);
    if (row_ == nullptr) {
      is_unknown_command_ = true;
      positionals_.push_back(word);
      return;
    }
    command_ = row_->make();
    command_->describe(own_options_);
  }
}

void WordsBefore::take_option(const std::string& word) {
  if (word.starts_with("--")) {
    const std::size_t end = std::min(word.find('='), word.size());
    const OptionSpec* spec = find(word.substr(0, end));
    if (spec == nullptr) return;
    given_.push_back(spec);
    if (end < word.size()) {
      set(*spec, word.substr(end + 1));
    } else if (spec->value == OptionValue::required) {
      pending_ = spec;
    }
    return;
  }
  // Of short ones that stand together the last may take a value.
  for (std::size_t i = 1; i < word.size(); ++i) {
    const OptionSpec* spec = find(std::string("-") + word[i]);
    if (spec == nullptr) return;
    given_.push_back(spec);
    if (spec->value != OptionValue::required) continue;
    if (i + 1 < word.size()) {
      set(*spec, word.substr(i + 1));
    } else {
      pending_ = spec;
    }
    return;
  }
}

void WordsBefore::set(const OptionSpec& spec, const std::string& value) {
  try {
    spec.set(value);
  } catch (const Error&) {
    // A bad value will be told when the command runs.
  }
}

}  // namespace metamori::cmd
