#include "cmd/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cmd/suggest.hpp"
#include "cmd/text.hpp"
#include "cmd/units.hpp"
#include "cmd/value_kind.hpp"
#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

[[noreturn]] void throw_usage(const std::string& message, std::string hint = {}) {
  throw Error(ErrorKind::usage, message, std::move(hint));
}

/// CLI11 gives the word `++` a meaning of its own and drops it. It travels under another name.
constexpr std::string_view kPlusPlus = "++";
constexpr std::string_view kPlusPlusDisguise = "\x01++";

std::string disguise(const std::string& word) { return word == kPlusPlus ? std::string(kPlusPlusDisguise) : word; }
std::string reveal(const std::string& word) { return word == kPlusPlusDisguise ? std::string(kPlusPlus) : word; }

/// One CLI11 parser over two lists of options; only their words are taken from it, values are set afterwards, by us.
class Parser {
 public:
  Parser(std::initializer_list<const Options*> lists, bool stops_at_first_positional) {
    app_.set_help_flag();
    app_.allow_extras();
    app_.prefix_command(stops_at_first_positional);
    for (const Options* list : lists)
      for (const OptionSpec& spec : list->options()) add(spec);
  }

  /// Runs the parser and hands each option its values. Returns what belongs to no option, `--` included.
  std::vector<std::string> run(const std::vector<std::string>& words) {
    std::vector<std::string> reversed;
    for (auto word = words.rbegin(); word != words.rend(); ++word) push(reversed, *word);
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& error) {
      const std::string_view what = error.what();
      throw_usage("option " + std::string(what.substr(0, what.find(':'))) + " needs a value");
    } catch (const CLI::ParseError& error) {
      throw_usage(error.what());
    }
    for (const auto& [spec, option] : bound_) hand_over(*spec, *option);
    std::vector<std::string> rest;
    for (const std::string& word : app_.remaining()) rest.push_back(reveal(word));
    return rest;
  }

  /// Throws the usage error for an option that doesn't exist.
  [[noreturn]] void throw_unknown(const std::string& word) const {
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> known;
    for (const auto& [spec, option] : bound_)
      for (std::string& each : spec->name_list()) known.push_back(std::move(each));
    throw_usage("unknown option " + shell_quote(name, true), did_you_mean(name, known));
  }

 private:
  void add(const OptionSpec& spec) {
    const bool is_flag = spec.value != OptionValue::required;
    // Without a callback CLI11 only collects the values, whatever they are.
    CLI::Option* option = is_flag ? app_.add_flag(spec.names) : app_.add_option(spec.names);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
    bound_.emplace_back(&spec, option);
  }

  /// Appends a word in CLI11's order, last first. An empty value after `=` is its own word, since CLI11 would take the next one for it.
  void push(std::vector<std::string>& reversed, const std::string& word) const {
    if (word.starts_with("--") && word.ends_with('=') && takes_value(word.substr(0, word.size() - 1))) {
      reversed.emplace_back();
      reversed.push_back(word.substr(0, word.size() - 1));
    } else {
      reversed.push_back(disguise(word));
    }
  }

  [[nodiscard]] bool takes_value(const std::string& name) const {
    return std::any_of(bound_.begin(), bound_.end(), [&](const auto& each) {
      const auto names = each.first->name_list();
      return each.first->value == OptionValue::required && std::find(names.begin(), names.end(), name) != names.end();
    });
  }

  static void hand_over(const OptionSpec& spec, const CLI::Option& option) {
    for (const std::string& value : option.results()) {
      spec.is_given = true;
      if (spec.value == OptionValue::required) {
        spec.set(reveal(value));
      } else if (value == "true") {
        spec.set({});
      } else if (spec.value == OptionValue::optional) {
        spec.set(reveal(value));
      } else {
        throw_usage("option " + spec.name_list().back() + " takes no value");
      }
    }
  }

  CLI::App app_;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> bound_;
};

void assign_positionals(const Options& own, const std::vector<std::string>& words) {
  std::size_t next = 0;
  for (const PositionalSpec& spec : own.positionals()) {
    if (spec.is_required && next == words.size()) throw_usage("missing " + spec.name);
    do {
      if (next == words.size()) break;
      spec.set(words[next++]);
    } while (spec.is_repeated);
  }
  if (next < words.size()) throw_usage("unexpected argument " + shell_quote(words[next], true));
}

std::uint64_t number_value(std::string_view names, const std::string& text, std::uint64_t highest) {
  const auto value = parse_number(text);
  if (!value || *value > highest) Options::throw_bad_value(names, text, "a number");
  return *value;
}

}  // namespace

std::vector<std::string> OptionSpec::name_list() const {
  std::vector<std::string> list;
  for (std::size_t start = 0; start <= names.size();) {
    const std::size_t end = std::min(names.find(',', start), names.size());
    list.push_back(names.substr(start, end - start));
    start = end + 1;
  }
  return list;
}

void Options::flag(std::string names, bool& target, std::string description) {
  add({std::move(names), "", OptionValue::none, std::move(description), [&target](const std::string&) { target = true; }});
}

void Options::text(std::string names, std::string placeholder, std::string& target, std::string description) {
  add({std::move(names), std::move(placeholder), OptionValue::required, std::move(description),
       [&target](const std::string& value) { target = value; }});
}

void Options::text(std::string names, std::string placeholder, std::optional<std::string>& target, std::string description) {
  add({std::move(names), std::move(placeholder), OptionValue::required, std::move(description),
       [&target](const std::string& value) { target = value; }});
}

void Options::texts(std::string names, std::string placeholder, std::vector<std::string>& target, std::string description) {
  add({std::move(names), std::move(placeholder), OptionValue::required, std::move(description),
       [&target](const std::string& value) { target.push_back(value); }, true});
}

void Options::number(std::string names, std::string placeholder, std::uint64_t& target, std::string description) {
  add({names, std::move(placeholder), OptionValue::required, std::move(description),
       [&target, names](const std::string& value) { target = number_value(names, value, UINT64_MAX); }});
}

void Options::number(std::string names, std::string placeholder, std::uint32_t& target, std::string description) {
  add({names, std::move(placeholder), OptionValue::required, std::move(description),
       [&target, names](const std::string& value) { target = static_cast<std::uint32_t>(number_value(names, value, UINT32_MAX)); }});
}

void Options::duration(std::string names, std::optional<std::int64_t>& target_ms, std::string description) {
  add({names, "DUR", OptionValue::required, std::move(description), [&target_ms, names](const std::string& value) {
         target_ms = parse_duration_ms(value);
         if (!target_ms) throw_bad_value(names, value, "a duration such as 90s, 5m or 1h30m");
       }});
}

void Options::size(std::string names, std::optional<std::uint64_t>& target_bytes, std::string description) {
  add({names, "SIZE", OptionValue::required, std::move(description), [&target_bytes, names](const std::string& value) {
         target_bytes = parse_size(value);
         if (!target_bytes) throw_bad_value(names, value, "a size such as 4096, 64K or 1.5GiB");
       }});
}

void Options::required(std::string name, std::string& target, std::string description) {
  positionals_.push_back({std::move(name), std::move(description), true, false, [&target](const std::string& value) { target = value; }});
}

void Options::optional(std::string name, std::optional<std::string>& target, std::string description) {
  positionals_.push_back({std::move(name), std::move(description), false, false, [&target](const std::string& value) { target = value; }});
}

void Options::rest(std::string name, std::vector<std::string>& target, std::string description, bool is_required) {
  positionals_.push_back(
      {std::move(name), std::move(description), is_required, true, [&target](const std::string& value) { target.push_back(value); }});
}

void Options::after_dashes(std::string name, std::vector<std::string>& target, std::string description) {
  after_dashes_ = PositionalSpec{std::move(name), std::move(description), false, true,
                                 [&target](const std::string& value) { target.push_back(value); }};
}

void Options::throw_bad_value(std::string_view names, std::string_view value, std::string_view expected) {
  const std::string_view longest = names.substr(names.rfind(',') + 1);
  const std::string start = "option " + std::string(longest) + ": '" + std::string(value) + "' is not ";
  if (expected.find('|') == std::string_view::npos) throw_usage(start + std::string(expected));
  throw_usage(start + "one of " + std::string(expected), did_you_mean(value, choices_of(expected)));
}

void parse_command(const Options& own, const Options& common, const std::vector<std::string>& words, const std::function<bool()>& is_help) {
  Parser parser({&own, &common}, false);
  const std::vector<std::string> rest = parser.run(words);
  const auto dashes = std::find(rest.begin(), rest.end(), "--");
  std::vector<std::string> positionals(rest.begin(), dashes);
  for (const std::string& word : positionals)
    if (word.size() > 1 && word.front() == '-') parser.throw_unknown(word);
  if (is_help()) return;
  if (dashes != rest.end()) {
    if (own.dashes()) {
      std::for_each(dashes + 1, rest.end(), own.dashes()->set);
    } else {
      positionals.insert(positionals.end(), dashes + 1, rest.end());
    }
  }
  assign_positionals(own, positionals);
}

std::vector<std::string> parse_leading(const Options& common, const std::vector<std::string>& words) {
  Parser parser({&common}, true);
  std::vector<std::string> rest = parser.run(words);
  if (!rest.empty() && rest.front().size() > 1 && rest.front().front() == '-') parser.throw_unknown(rest.front());
  return rest;
}

}  // namespace metamori::cmd
