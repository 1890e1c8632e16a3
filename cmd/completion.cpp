#include "cmd/completion.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <set>

#include "cmd/completion_words.hpp"
#include "cmd/dates.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/setting_keys.hpp"
#include "cmd/text.hpp"
#include "cmd/value_kind.hpp"

namespace metamori::cmd {
namespace {

constexpr std::size_t kMaxRevisions = 50;
constexpr std::size_t kMaxPaths = 2000;
constexpr std::size_t kMessageColumns = 50;

/// Shells take candidates line by line, and a tab before the description.
bool can_be_told(std::string_view word) {
  return std::none_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// `dir/` and `na` of `dir/na`.
std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

class Completer {
 public:
  Completer(const Environment& environment, const std::vector<std::string>& words)
      : environment_(environment), before_(words), word_(words.empty() ? std::string() : words.back()) {}

  Completion run() {
    for (const std::string& directory : before_.common().directories)
      if (::chdir(expanded(directory).c_str()) != 0) return {};
    if (before_.pending() != nullptr) {
      value(before_.pending()->placeholder, {});
    } else if (before_.is_after_dashes() || !word_.starts_with('-')) {
      positional();
    } else if (const std::size_t equals = word_.find('='); word_.starts_with("--") && equals != std::string::npos) {
      option_value(equals);
    } else {
      options(before_.own_options());
      options(before_.common_options());
    }
    return std::move(result_);
  }

 private:
  /// Shells leave `~` to whoever gets the word, as long as it is being completed.
  [[nodiscard]] std::string expanded(const std::string& path) const {
    if (!environment_.home || (path != "~" && !path.starts_with("~/"))) return path;
    return *environment_.home + path.substr(1);
  }

  void add(std::string word, std::string description = {}) {
    if (word.starts_with(word_) && can_be_told(word)) result_.candidates.push_back({std::move(word), std::move(description)});
  }

  void options(const Options& list) {
    for (const OptionSpec& spec : list.options()) {
      if (before_.has(spec) && !spec.is_repeatable) continue;
      for (const std::string& name : spec.name_list()) {
        // A short one only where nothing longer says the same.
        if (!name.starts_with("--") && spec.name_list().size() > 1 && word_ != name) continue;
        add(name + (name.starts_with("--") && spec.value == OptionValue::required ? "=" : ""), spec.description);
      }
    }
  }

  void option_value(std::size_t equals) {
    const OptionSpec* spec = before_.find(word_.substr(0, equals));
    if (spec != nullptr && spec->value != OptionValue::none) value(spec->placeholder, word_.substr(0, equals + 1));
  }

  void positional() {
    if (before_.row() == nullptr) {
      if (before_.positionals().empty()) commands();
    } else if (const PositionalSpec* spec = before_.next_positional()) {
      value(spec->name, {});
    }
  }

  void commands() {
    for (const CommandRow& row : command_table())
      if (row.group != CommandGroup::hidden) add(std::string(row.name), std::string(row.summary));
  }

  /// Completes a value that stands in the word behind `head`.
  void value(std::string_view placeholder, const std::string& head) {
    const std::string text = word_.substr(head.size());
    switch (find_value_kind(placeholder).value_or(ValueKind::text)) {
      case ValueKind::choice:
        for (const std::string& choice : choices_of(placeholder)) add(head + choice);
        break;
      case ValueKind::command:
        commands();
        break;
      case ValueKind::revision:
        revisions(head, text, {});
        break;
      case ValueKind::range:
        range(head, text);
        break;
      case ValueKind::revision_path:
        revision_path(head, text, {});
        break;
      case ValueKind::revision_file:
        revision_path(head, text, ":");
        break;
      case ValueKind::tag:
        with_repository([&](Repository& repository) {
          for (const TagInfo& tag : repository.tags()) add(head + tag.name, about(tag.checkpoint));
        });
        break;
      case ValueKind::tracked_path:
      case ValueKind::pattern:
        tracked_paths(head, text);
        break;
      case ValueKind::moment:
        for (const char* moment : {"today", "yesterday", "1h", "1d", "1w"}) add(head + moment);
        break;
      case ValueKind::setting:
        for (const SettingKey& key : setting_keys()) add(head + std::string(key.name), std::string(key.description));
        break;
      case ValueKind::setting_value:
        if (before_.positionals().size() >= 2) setting_values(head, before_.positionals()[1]);
        break;
      case ValueKind::assignment:
        assignment(head, text);
        break;
      case ValueKind::directory:
        result_.source = Completion::Source::directories;
        break;
      case ValueKind::file:
        result_.source = Completion::Source::files;
        break;
      case ValueKind::program:
        result_.source = Completion::Source::program;
        break;
      default:
        break;
    }
  }

  void setting_values(const std::string& head, const std::string& name) {
    const SettingKey* key = find_setting_key(name);
    if (key == nullptr || find_value_kind(key->values) != ValueKind::choice) return;
    for (const std::string& choice : choices_of(key->values)) add(head + choice);
  }

  void assignment(const std::string& head, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) return setting_values(head + text.substr(0, equals + 1), text.substr(0, equals));
    for (const SettingKey& key : setting_keys()) add(head + std::string(key.name) + "=", std::string(key.description));
  }

  void with_repository(const std::function<void(Repository&)>& use) {
    try {
      OpenOptions options;
      options.repository_dir = before_.common().repository_dir ? before_.common().repository_dir : environment_.repository_dir;
      if (options.repository_dir) options.repository_dir = expanded(*options.repository_dir);
      Repository repository = Repository::open(options);
      use(repository);
    } catch (const Error&) {
      // Without a repository there is less to offer.
    }
  }

  /// `2 hours ago: step 1000`
  [[nodiscard]] std::string about(const CheckpointInfo& info) const {
    const std::string_view subject = std::string_view(info.message).substr(0, info.message.find('\n'));
    std::string text = format_age(static_cast<std::int64_t>(::time(nullptr)) - info.time.seconds);
    if (subject.empty()) return text;
    const std::string shown = printable(subject, environment_.is_utf8, false);
    text += ": " + std::string(truncate_columns(shown, kMessageColumns));
    return text;
  }

  void revisions(const std::string& head, const std::string& text, const std::string& tail) {
    with_repository([&](Repository& repository) {
      for (const RevisionName& name : repository.revision_names(text, kMaxRevisions)) add(head + name.name + tail, about(name.checkpoint));
    });
  }

  void range(const std::string& head, const std::string& text) {
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) return revisions(head, text, {});
    revisions(head + text.substr(0, dots + 2), text.substr(dots + 2), {});
  }

  /// `tail`: what follows a revision that stands alone.
  void revision_path(const std::string& head, const std::string& text, const std::string& tail) {
    const auto colon = std::find(text.begin(), text.end(), ':');
    if (colon == text.end() || text.starts_with(":/")) return revisions(head, text, tail);
    with_repository([&](Repository& repository) {
      const RevisionPath what = split_revision_path(text);
      if (!what.path) return;
      const auto [directory, name] = split_path(*what.path);
      result_.are_paths = true;
      add_entries(repository, what.revision, revision_tree_path(repository, directory),
                  head + text.substr(0, text.size() - what.path->size()) + directory, name);
    });
  }

  /// Names in a checkpoint's directory that start with `name`, written behind `head`.
  void add_entries(Repository& repository, const std::string& revision, const std::string& directory, const std::string& head,
                   const std::string& name) {
    const std::size_t skipped = directory.empty() ? 0 : directory.size() + 1;
    repository.list(revision, directory, false, [&](const NodeInfo& node) {
      const std::string own = node.path.substr(std::min(skipped, node.path.size()));
      const std::string ending = node.type == NodeType::directory ? "/" : "";
      if (own.starts_with(name) && result_.candidates.size() < kMaxPaths && seen_.insert(own).second) add(head + own + ending);
    });
  }

  /// What is on disk, and what is in the checkpoint that was named before, else in HEAD.
  void tracked_paths(const std::string& head, const std::string& text) {
    result_.are_paths = true;
    const auto [directory, name] = split_path(text);
    const std::string revision = revision_before();
    with_repository([&, &directory = directory, &name = name](Repository& repository) {
      try {
        add_entries(repository, revision, repository.tree_path(directory.empty() ? "." : directory, current_directory()), head + directory,
                    name);
      } catch (const Error&) {
        // The directory may be on disk alone.
      }
    });
    if (revision != "HEAD") return;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(expanded(directory.empty() ? "./" : directory), error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string own = entry->path().filename().string();
      const bool is_hidden = own.starts_with('.') && !name.starts_with('.');
      if (own == ".metamori" || is_hidden || !own.starts_with(name) || result_.candidates.size() >= kMaxPaths) continue;
      if (seen_.insert(own).second) add(head + directory + own + (entry->is_directory(error) ? "/" : ""));
    }
  }

  /// The revision among the arguments before, where the command takes one: `restore 17 <path>` means paths of 17.
  [[nodiscard]] std::string revision_before() const {
    const std::vector<PositionalSpec>& specs = before_.own_options().positionals();
    const bool is_first = !specs.empty() && find_value_kind(specs.front().name) == ValueKind::revision;
    return is_first && !before_.positionals().empty() ? before_.positionals().front() : "HEAD";
  }

  const Environment& environment_;
  WordsBefore before_;
  std::string word_;
  std::set<std::string> seen_;
  Completion result_;
};

}  // namespace

Completion complete(const Environment& environment, const std::vector<std::string>& words) {
  try {
    return Completer(environment, words).run();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace metamori::cmd
