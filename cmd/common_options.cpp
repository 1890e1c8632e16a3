#include "cmd/common_options.hpp"

#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

void set_progress(CommonOptions& common, const std::string& word) {
  constexpr std::string_view kPlainEvery = "plain=";
  if (word == "auto") {
    common.progress = ProgressMode::automatic;
  } else if (word == "none") {
    common.progress = ProgressMode::none;
  } else if (word == "plain") {
    common.progress = ProgressMode::plain;
  } else if (word.starts_with(kPlainEvery)) {
    const auto every_ms = parse_duration_ms(std::string_view(word).substr(kPlainEvery.size()));
    if (!every_ms || *every_ms < 100) Options::throw_bad_value("--progress", word, "plain=SECS with at least 0.1");
    common.progress = ProgressMode::plain;
    common.progress_every_ms = static_cast<std::uint64_t>(*every_ms);
  } else {
    Options::throw_bad_value("--progress", word, "auto|none|plain[=SECS]");
  }
}

}  // namespace

void describe_common(Options& options, CommonOptions& common) {
  options.texts("-C", "DIR", common.directories, "Work as if started in DIR");
  options.text("--repo", "DIR", common.repository_dir,
               "Use this repository (default: $METAMORI_DIR, or the nearest .metamori here or above)");
  options.texts("-c", "KEY=VALUE", common.settings, "Set this for once: see metamori-config(1); may be repeated");
  options.flag("-q,--quiet", common.quiet, "Say only what is necessary");
  options.flag("-v,--verbose", common.verbose, "Say more");
  options.flag("--json", common.json, "Print one JSON object, errors too");
  options.flag("--json-lines", common.json_lines, "Print JSON objects, one a line: progress, then the report");
  options.flag("--bytes", common.exact_bytes, "Show sizes exactly");
  options.add({"--progress", "auto|none|plain[=SECS]", OptionValue::required, "How to show progress (default: a line on terminals)",
               [&common](const std::string& word) { set_progress(common, word); }});
  options.choice<ColorMode>("--color", common.color,
                            {{"auto", ColorMode::automatic}, {"always", ColorMode::always}, {"never", ColorMode::never}},
                            "Whether to use colours (default: on terminals, unless NO_COLOR is set)");
  options.flag("--no-pager", common.no_pager, "Show long output at once, also on terminals");
  options.duration("--lock-timeout", common.lock_timeout_ms, "How long to wait for a lock (default: not at all)");
  options.number("--jobs", "N", common.jobs, "Threads to use (default: one a processor, at most 16)");
  options.flag("-h,--help", common.help, "Show help");
  options.flag("--version", common.version, "Show the version");
}

}  // namespace metamori::cmd
