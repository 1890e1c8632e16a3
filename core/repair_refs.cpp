#include <fcntl.h>

#include <algorithm>

#include "base/digest.hpp"
#include "core/describe.hpp"
#include "core/repair_run.hpp"
#include "objects/mend.hpp"
#include "objects/record_log_refs.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxRefBytes = 4096;
constexpr std::size_t kIdDigits = 2 * CheckpointTag::size_bytes;
constexpr std::size_t kDigitsAlike = 32;  ///< of 40: no other checkpoint's id comes near

class ReferenceMending {
 public:
  explicit ReferenceMending(RepairRun& run)
      : run_(run), engine_(run.engine), refs_(engine_.system, engine_.dirs.refs.get(), engine_.dirs.tmp.get()) {}

  void run() {
    if (!engine_.dirs.refs.is_open()) return;
    for (const char* const directory : {"tags", "pins"}) {
      const std::string path = std::string("refs/") + directory;
      const auto dir = find_file(engine_.system, engine_.dirs.refs.get(), directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, path);
      if (!dir) continue;
      for (const DirectoryName& entry : list_directory(engine_.system, dir->get(), path))
        look_at({dir->get(), entry.name, path + '/' + entry.name, std::string_view(directory) == "tags"});
    }
  }

 private:
  struct File {
    int dir = -1;
    std::string name;
    std::string path;
    bool is_tag = false;
  };

  void look_at(const File& file) {
    const auto tag = file.is_tag ? tag_of_file(file.name) : std::nullopt;
    const auto pin = file.is_tag ? std::nullopt : pin_of_file(file.name);
    if (!tag && !pin) return run_.set_aside(file.dir, file.name, file.path, "no tag or pin has a file of that name");
    const Fd opened = open_file(engine_.system, file.dir, file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, file.path);
    const Bytes bytes = read_up_to_limit(opened, file.path);
    const auto is_sound = [&](ByteView text) {
      const auto target = parse_ref(as_text(text));
      return target && (!pin || target->number == *pin);
    };
    if (is_sound(bytes)) return;
    if (const auto mended = mend_one_byte(bytes, is_sound))
      return run_.replace(file.dir, file.name, file.path, *mended, "one byte of it had changed");
    if (pin) return mend_pin(file, *pin);
    mend_tag(file, *tag, as_text(bytes));
  }

  Bytes read_up_to_limit(const Fd& opened, const std::string& path) {
    Bytes bytes(kMaxRefBytes);
    bytes.resize(read_up_to(engine_.system, opened.get(), bytes, 0, path));
    return bytes;
  }

  /// The file's name says all.
  void mend_pin(const File& file, std::uint64_t number) {
    for (const RecordSummary& record : engine_.log->summaries()) {
      if (record.number != number || record.kind == RecordKind::move) continue;
      run_.tell("rebuild", file.path, "it was damaged; its name tells what it pins");
      if (run_.is_dry()) return;
      run_.quarantine.keep(file.dir, file.name, file.path);
      return refs_.add_pin({number, record.id});
    }
    run_.set_aside(file.dir, file.name, file.path, "it pins a checkpoint that does not exist");
  }

  void mend_tag(const File& file, const std::string& tag, std::string_view text) {
    if (const auto target = guess(text)) {
      run_.tell("rebuild", file.path, "it was damaged; the id in it is that of checkpoint " + std::to_string(target->number));
      if (run_.is_dry()) return;
      run_.quarantine.keep(file.dir, file.name, file.path);
      return refs_.set_tag(tag, *target);
    }
    run_.set_aside(file.dir, file.name, file.path, "damaged");
    const std::vector<RecordSummary>& all = engine_.log->summaries();
    const bool is_told = std::any_of(all.begin(), all.end(), [&](const RecordSummary& record) {
      return std::binary_search(record.tags.begin(), record.tags.end(), tag);
    });
    run_.remain("reference", file.path,
                "what the tag " + quoted(tag) + " named is not known any more" +
                    (is_told ? "; it names again what it was given to when that checkpoint was made" : "") + "; 'metamori tag' sets it");
  }

  /// The checkpoint whose id nearly stands there.
  std::optional<Position> guess(std::string_view text) {
    const std::size_t at = text.find("\nid ");
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(at + 4, kIdDigits);
    for (const RecordSummary& record : engine_.log->summaries()) {
      if (record.kind == RecordKind::move) continue;
      const std::string id = to_hex(record.id);
      std::size_t alike = 0;
      for (std::size_t i = 0; i < digits.size(); ++i) alike += digits[i] == id[i] ? 1 : 0;
      if (alike >= kDigitsAlike) return Position{record.number, record.id};
    }
    return std::nullopt;
  }

  RepairRun& run_;
  Engine& engine_;
  RecordRefs refs_;
};

}  // namespace

void mend_references(RepairRun& run) { ReferenceMending(run).run(); }

}  // namespace metamori
