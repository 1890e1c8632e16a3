#include "cmd/commands.hpp"
#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/json_render.hpp"
#include "cmd/progress.hpp"
#include "cmd/render.hpp"
#include "cmd/revision_path.hpp"
#include "cmd/text.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

std::string_view check_name(CheckMode mode) noexcept {
  switch (mode) {
    case CheckMode::automatic:
      return "auto";
    case CheckMode::mtime:
      return "mtime";
    case CheckMode::content:
      return "content";
  }
  return "auto";
}

class ShowCommand final : public Command {
 public:
  void describe(Options& options) override { options.optional("REV[:PATH]", word_, "A checkpoint, or something in it (default: HEAD)"); }

  int run(Session& session) override {
    const RevisionPath what = split_revision_path(word_.value_or("HEAD"));
    Repository repository = session.open();
    if (what.path) return show_node(session, repository, what.revision, revision_tree_path(repository, *what.path));
    const CheckpointInfo info = repository.show(what.revision);
    std::optional<DiffReport> report;
    std::optional<Error> damage;
    try {
      report = changes(session, repository, info);
    } catch (const Error& error) {
      // What is damaged of its parent does not keep it from being shown.
      if (error.kind() != ErrorKind::corrupt) throw;
      damage = error;
    }
    if (session.json()) {
      write_json(session, info, report);
    } else {
      print(session, repository, info, report);
    }
    if (damage) session.warn("what it changed can't be told: " + std::string(damage->what()));
    return damage ? kExitCorrupt : kExitOk;
  }

 private:
  /// Against the checkpoint before; nothing for the first of all, and for one that was forgotten.
  static DiffReport changes(Session& session, Repository& repository, const CheckpointInfo& info) {
    const auto before = info.is_forgotten ? std::nullopt : previous_of(repository, info);
    if (!before) return {};
    return with_progress(session, [&](const Control& control) {
      DiffOptions options;
      options.from = *before;
      options.to = to_hex(info.id);
      options.control = control;
      return repository.diff(options);
    });
  }

  static void write_json(Session& session, const CheckpointInfo& info, const std::optional<DiffReport>& report) {
    JsonReport json(session, "show");
    write_checkpoint_members(*json, info);
    json->key("parent_numbers").begin_array();
    for (const std::uint64_t number : info.parent_numbers) json->number(number);
    json->end_array();
    json->field("scan_start", std::string_view(format_time(info.scan_start)))
        .field("scan_end", std::string_view(format_time(info.scan_end)));
    json->field("check", check_name(info.check)).path("rules", info.rules);
    write_paths(*json, "scope", info.scope);
    if (!info.image_kind.empty()) {
      json->key("image").begin_object().field("kind", std::string_view(info.image_kind)).path("id", info.image_id);
      json->field("digest", std::string_view(info.image_digest)).end_object();
    }
    write_verdict_members(*json, info.verdicts);
    if (report) {
      json->key("diff").begin_object();
      write_diff_members(*json, *report);
      json->end_object();
    }
    json.end();
  }

  static void print(Session& session, Repository& repository, const CheckpointInfo& info, const std::optional<DiffReport>& report) {
    Output& out = session.out;
    out.print("{}{}\n", session.colored("33", fmt::format("checkpoint {} {}", info.number, to_hex(info.id))),
              session.colored("36", decorations(session, info, nullptr)));
    out.print("Short:   {}\n", repository.short_id(info.id));
    out.print("SHA-256: {}\n", to_hex(info.root));
    for (std::size_t i = 0; i < info.parents.size(); ++i)
      out.print("Parent:  {}{}\n", i < info.parent_numbers.size() ? fmt::format("{} ", info.parent_numbers[i]) : "",
                short_hex(info.parents[i]));
    out.print("Author:  {} <{}>\n", session.safe_text(info.author.name), session.safe_text(info.author.email));
    out.print("Date:    {}\n", format_time(info.time));
    out.print("Scan:    {} to {}, --check={}\n", format_time(info.scan_start), format_time(info.scan_end), check_name(info.check));
    for (const auto& [key, value] : info.metadata) out.print("Meta:    {}={}\n", key, session.safe_text(value));
    if (!info.image_kind.empty())
      out.print("Image:   {} {} {}\n", session.safe_text(info.image_kind), session.quote(info.image_id),
                session.safe_text(info.image_digest));
    out.print("Size:    {} new of {} in {}\n", session.size(info.bytes_added), session.size(info.bytes_total),
              format_count(info.files, "file", "files"));
    for (const std::string& path : info.scope) out.print("Only:    {}\n", session.quote(path));
    const std::string message = message_block(session, info);
    if (!message.empty()) out.print("\n{}", message);
    if (!info.verdicts.empty()) out.write("\n");
    for (const CapturedPath& captured : info.verdicts)
      out.print("{:<10} {}{}\n", verdict_name(captured.verdict), session.quote(captured.path),
                captured.live == Liveness::yes ? " (was being written)" : "");
    if (info.is_forgotten) {
      session.note("it was forgotten; if that was the last thing forgotten, 'metamori undo' brings it back until gc");
    } else if (!info.parents.empty() && report) {
      out.print("\n{}", diff_stat(session, *report));
    }
  }

  static int show_node(Session& session, Repository& repository, const std::string& revision, const std::string& path) {
    std::optional<NodeInfo> node = find_node(repository, revision, path);
    if (!node)
      throw Error(ErrorKind::usage, "no " + shell_quote(path, true) + " in checkpoint " + revision,
                  "'metamori ls " + revision + "' lists what is", path);
    if (session.json()) {
      JsonReport json(session, "show");
      json->key("node");
      write_node(*json, *node);
      json.end();
    } else {
      print_node(session, *node);
    }
    return kExitOk;
  }

  /// Looked up in the directory that holds it, since a directory listed itself shows only what is in it.
  static std::optional<NodeInfo> find_node(Repository& repository, const std::string& revision, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    std::optional<NodeInfo> found;
    if (path.empty()) throw Error(ErrorKind::usage, "the top of the tree has no entry to show", "'metamori ls " + revision + "' lists it");
    repository.list(revision, slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash), false,
                    [&](const NodeInfo& node) {
                      if (node.path == path) found = node;
                    });
    return found;
  }

  static void print_node(Session& session, const NodeInfo& node) {
    Output& out = session.out;
    out.print("Path:    {}\n", session.quote(node.path));
    out.print("Type:    {}\n", type_name(node.type));
    out.print("Mode:    {} ({:04o})\n", mode_text(node.type, node.mode), node.mode);
    const auto owner = [&](const std::string& name, std::uint32_t id) {
      return name.empty() ? std::to_string(id) : fmt::format("{} ({})", session.safe_text(name), id);
    };
    out.print("Owner:   {}, {}\n", owner(node.user, node.uid), owner(node.group, node.gid));
    out.print("Date:    {}\n", format_time(node.mtime));
    if (node.content_unknown) {
      out.write("Size:    unknown: it could not be read\n");
    } else {
      out.print("Size:    {}\n", session.size(node.size_bytes));
    }
    if (node.type == NodeType::symlink) out.print("Target:  {}\n", session.quote(node.target));
    if (node.type == NodeType::char_device || node.type == NodeType::block_device)
      out.print("Device:  {}:{}\n", node.device_major, node.device_minor);
    if (!node.linked_to.empty()) out.print("Link to: {}\n", session.quote(node.linked_to));
    for (const std::string& name : node.attribute_names) out.print("Attr:    {}\n", session.quote(name));
  }

  std::optional<std::string> word_;
};

}  // namespace

std::unique_ptr<Command> make_show() { return std::make_unique<ShowCommand>(); }

}  // namespace metamori::cmd
