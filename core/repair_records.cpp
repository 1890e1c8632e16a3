// Records, from most to least that can be had: as they were (a changed byte, a wrong name, a file of folded records that still holds
// them); made again from their git objects; else a tombstone, so that the number is never given again, ancestry goes on across it, and
// whoever names the checkpoint learns that it is gone.

#include <fcntl.h>

#include <algorithm>

#include "base/digest.hpp"
#include "core/repair_survey.hpp"

namespace metamori {
namespace {

constexpr std::string_view kPath = "checkpoints/";

class RecordMending {
 public:
  explicit RecordMending(RepairRun& run) : run_(run), engine_(run.engine), survey_(run) {}

  void run() {
    settle_all();
    write();
    for (const std::string& name : survey_.damaged_folded)
      run_.set_aside(engine_.dirs.checkpoints.get(), name, std::string(kPath) + name,
                     "damaged; what is sound of it stands in records of its own");
  }

 private:
  void settle_all() {
    const std::uint64_t there = survey_.sound.size() + survey_.folded.size() + survey_.damaged.size() + survey_.salvaged.size();
    if (survey_.highest - std::min(there, survey_.highest) <= kMaxGap) {
      for (std::uint64_t number = 1; number <= survey_.highest; ++number) settle(number);
      return;
    }
    for (const auto& [number, bytes] : survey_.damaged) settle(number);
    for (const auto& [number, bytes] : survey_.salvaged) settle(number);
    run_.remain("record", "checkpoints",
                "more than " + std::to_string(kMaxGap) + " records are missing, which is too many to stand in for");
  }

  void settle(std::uint64_t number) {
    run_.check_stop();
    const std::string where = std::string(kPath) + std::to_string(number);
    const auto damaged = survey_.damaged.find(number);
    if (survey_.sound.contains(number) || (damaged == survey_.damaged.end() && survey_.folded.contains(number))) return;
    const auto put = [&](const Bytes& bytes, const char* why) {
      run_.tell("rebuild", where, why);
      writes_.emplace(number, bytes);
    };
    if (const auto found = survey_.found.find(number); found != survey_.found.end()) return put(found->second, "the record is as it was");
    if (damaged != survey_.damaged.end()) {
      if (const auto record = rebuild_record(damaged->second, number, survey_.hints_for(number))) {
        survey_.note(*record);
        return put(encode_record(*record), "made again from the git objects in it, which their ids prove");
      }
      if (survey_.folded.contains(number))
        return run_.set_aside(engine_.dirs.checkpoints.get(), std::to_string(number), where,
                              "damaged; the record as it was when it was folded counts again");
    }
    if (const auto found = survey_.salvaged.find(number); found != survey_.salvaged.end())
      return put(found->second, "taken out of a damaged file of folded records");
    survey_.look_in_quarantine();
    if (const auto found = survey_.found.find(number); found != survey_.found.end())
      return put(found->second, "taken out of the quarantine");
    bury(number, where);
  }

  /// A tombstone for what is lost.
  void bury(std::uint64_t number, const std::string& where) {
    const auto named = survey_.named.find(number);
    const Position parent = survey_.head_before(number);
    CheckpointRecord content;
    Commit commit;
    for (auto before = survey_.seen.lower_bound(number); before != survey_.seen.begin() && commit.author.seconds == 0;)
      commit.author.seconds = (--before)->second.time;
    content.start = content.end = {commit.author.seconds, 0};
    commit.author.name = "metamori";
    commit.author.email = "metamori@localhost";
    commit.committer = commit.author;
    commit.message = "(lost: its record was damaged or missing, and repair found nothing to make it from)\n";
    if (parent.number != 0) commit.parents.push_back(parent.id);
    Record record;
    record.kind = RecordKind::tombstone;
    record.number = number;
    record.blob = encode_checkpoint_record(content);
    record.tree = encode_record_tree(git_object_id("blob", record.blob));
    commit.tree = git_object_id("tree", record.tree);
    record.commit = encode_commit(commit);
    record.tomb_reason = TombReason::withdrawn;
    record.tomb_time = commit.author.seconds;
    record.line = survey_.line_of(number);
    // It goes on having the id that others name it by. A number that nobody names may have been a move of HEAD.
    record.head_after = named == survey_.named.end() ? parent : Position{number, named->second};
    survey_.note(record);
    writes_.emplace(number, encode_record(record));
    run_.tell("rebuild", where, "the record is lost; a tombstone keeps its number and place");
    run_.remain("record", where,
                "the record is lost, and with it the checkpoint, if it was one; another copy of that file can be put in its place",
                {number});
  }

  /// Bytes before names; of what is replaced, the quarantine has it before.
  void write() {
    if (!writes_.empty()) forget_history();
    if (run_.is_dry()) {
      for (const auto& [number, bytes] : writes_) run_.report.files_quarantined += survey_.damaged.contains(number) ? 1 : 0;
      return;
    }
    std::vector<std::string> names;  // in tmp/, in the order of the numbers
    try {
      for (const auto& [number, bytes] : writes_) {
        const std::string path = std::string(kPath) + std::to_string(number);
        if (survey_.damaged.contains(number)) run_.quarantine.keep(engine_.dirs.checkpoints.get(), std::to_string(number), path);
        names.push_back(write_temporary(bytes, path));
      }
      auto name = names.begin();
      for (const auto& [number, bytes] : writes_) {
        const std::string target = std::to_string(number);
        const int error = retry_interrupted([&] {
          return engine_.system.rename(engine_.dirs.tmp.get(), name->c_str(), engine_.dirs.checkpoints.get(), target.c_str(),
                                       RenameMode::replace);
        });
        if (error < 0) throw_io(-error, "replace", std::string(kPath) + target);
        ++name;
      }
    } catch (...) {
      for (const std::string& name : names) engine_.system.remove_file(engine_.dirs.tmp.get(), name.c_str());
      throw;
    }
    if (!writes_.empty()) sync_file(engine_.system, engine_.dirs.checkpoints.get(), "checkpoints");
  }

  /// A new file may have the inode of one that is gone: then the cache would go on believing what it knew of that.
  void forget_history() {
    if (engine_.dirs.cache.is_open() && find_stat(engine_.system, engine_.dirs.cache.get(), "history", "cache/history"))
      run_.set_aside(engine_.dirs.cache.get(), "history", "cache/history", "records are replaced; it is made anew");
  }

  std::string write_temporary(ByteView bytes, const std::string& path) {
    std::string name = unique_name(engine_.system, "record-");
    Fd file = create_temporary(engine_.system, engine_.dirs.tmp.get(), name.c_str(), O_WRONLY, path);
    try {
      write_all(engine_.system, file.get(), bytes, 0, path);
      sync_file(engine_.system, file.get(), path);
      file.close(path);
    } catch (...) {
      engine_.system.remove_file(engine_.dirs.tmp.get(), name.c_str());
      throw;
    }
    return name;
  }

  RepairRun& run_;
  Engine& engine_;
  RecordSurvey survey_;
  std::map<std::uint64_t, Bytes> writes_;
};

}  // namespace

void mend_records(RepairRun& run) { RecordMending(run).run(); }

}  // namespace metamori
