#include "core/restore_plan.hpp"

#include <sys/stat.h>

#include "base/bytes.hpp"

namespace metamori {
namespace {

constexpr std::uint8_t kPlanVersion = 1;
constexpr std::uint64_t kMaxPathBytes = 1ULL << 20;
constexpr std::uint32_t kNsPerSecond = 1'000'000'000;

enum PolicyBit : std::uint8_t { kSameOwner = 1, kSpecial = 2, kPrivilegedAttributes = 4, kVerify = 8, kAllPolicyBits = 15 };
enum DirectoryBit : std::uint8_t { kFromTarget = 1, kInOldRoot = 2, kAllDirectoryBits = 3 };

std::uint8_t bit(bool set, std::uint8_t value) noexcept { return set ? value : 0; }

void encode_time(Time time, ByteWriter& out) {
  out.svarint(time.seconds);
  out.varint(time.nanoseconds);
}

Time decode_time(ByteReader& in) {
  Time time;
  time.seconds = in.svarint();
  const std::uint64_t nanoseconds = in.varint();
  if (nanoseconds >= kNsPerSecond) in.fail("a time has too many nanoseconds");
  time.nanoseconds = static_cast<std::uint32_t>(nanoseconds);
  return time;
}

std::uint32_t decode_u32(ByteReader& in) {
  const std::uint64_t value = in.varint();
  if (value > UINT32_MAX) in.fail("a number is too large");
  return static_cast<std::uint32_t>(value);
}

void encode_stat(const OldStat& stat, ByteWriter& out) {
  out.varint(stat.inode);
  out.varint(stat.mode);
  out.varint(stat.link_count);
  out.varint(stat.uid);
  out.varint(stat.gid);
  out.varint(stat.size_bytes);
  encode_time(stat.mtime, out);
  encode_time(stat.ctime, out);
}

OldStat decode_stat(ByteReader& in) {
  OldStat stat;
  stat.inode = in.varint();
  stat.mode = decode_u32(in);
  stat.link_count = decode_u32(in);
  stat.uid = decode_u32(in);
  stat.gid = decode_u32(in);
  stat.size_bytes = in.varint();
  stat.mtime = decode_time(in);
  stat.ctime = decode_time(in);
  return stat;
}

std::string decode_path(ByteReader& in, bool may_be_top) {
  std::string path(as_text(in.bytes(kMaxPathBytes)));
  if (path.empty() ? !may_be_top : !is_entry_path(path)) in.fail("a path is no path in a tree");
  return path;
}

void encode_step(const Step& step, ByteWriter& out) {
  out.bytes(as_bytes(step.path));
  out.u8(static_cast<std::uint8_t>(step.kind));
  out.u8(static_cast<std::uint8_t>(step.old));
  if (step.old != OldState::absent) encode_stat(*step.stat, out);
  if (step.kind != StepKind::put) return;
  out.u8(step.deep ? 1 : 0);
  out.varint(step.staged_number);
  out.varint(step.stage_dir.size());
}

Step decode_step(ByteReader& in, std::uint64_t staged_number) {
  Step step;
  step.path = decode_path(in, false);
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 5) in.fail("a step has an unknown kind");
  step.kind = static_cast<StepKind>(kind);
  const std::uint8_t old = in.u8();
  if (old > 2) in.fail("a step has an unknown old state");
  step.old = static_cast<OldState>(old);
  if (step.old != OldState::absent)
    step.stat = decode_stat(in);
  else if (step.kind != StepKind::put && step.kind != StepKind::make_directory)
    in.fail("a step changes what is not there");
  if (step.kind != StepKind::put) return step;
  const std::uint8_t deep = in.u8();
  if (deep > 1) in.fail("a step has an unknown flag");
  step.deep = deep == 1;
  step.staged_number = in.varint();
  if (step.staged_number != staged_number) in.fail("staged names are not numbered in order");
  const std::uint64_t length = in.varint();
  if (length >= step.path.size() || (length > 0 && step.path[length] != '/')) in.fail("a staging directory is not above its target");
  step.stage_dir = step.path.substr(0, length);
  return step;
}

PlanDirectory decode_directory(ByteReader& in) {
  PlanDirectory directory;
  directory.path = decode_path(in, true);
  const std::uint8_t flags = in.u8();
  if ((flags & ~kAllDirectoryBits) != 0) in.fail("a directory has unknown flags");
  directory.from_target = (flags & kFromTarget) != 0;
  directory.in_old_root = (flags & kInOldRoot) != 0;
  directory.mode = decode_u32(in);
  directory.mtime = decode_time(in);
  return directory;
}

}  // namespace

OldStat old_stat(const FileStat& stat) noexcept {
  return {stat.inode, stat.mode, stat.link_count, stat.uid, stat.gid, stat.size_bytes, stat.mtime, stat.ctime};
}

bool is_unchanged(const OldStat& then, const FileStat& now) noexcept {
  if (then.inode != now.inode || (then.mode & S_IFMT) != (now.mode & S_IFMT)) return false;
  if (S_ISDIR(now.mode)) return true;  // what is in it has steps of its own
  if (then.mode != now.mode || then.uid != now.uid || then.gid != now.gid) return false;
  if (then.size_bytes != now.size_bytes || then.mtime != now.mtime) return false;
  return then.ctime == now.ctime || then.link_count > 1 || now.link_count > 1;
}

Bytes encode_plan(const Plan& plan) {
  ByteWriter out;
  out.u8(kPlanVersion);
  out.u8(static_cast<std::uint8_t>(bit(plan.policy.same_owner, kSameOwner) | bit(plan.policy.special, kSpecial) |
                                   bit(plan.policy.privileged_attributes, kPrivilegedAttributes) | bit(plan.policy.verify, kVerify)));
  out.id(plan.old_root);
  out.varint(plan.steps.size());
  for (const Step& step : plan.steps) encode_step(step, out);
  out.varint(plan.directories.size());
  for (const PlanDirectory& directory : plan.directories) {
    out.bytes(as_bytes(directory.path));
    out.u8(static_cast<std::uint8_t>(bit(directory.from_target, kFromTarget) | bit(directory.in_old_root, kInOldRoot)));
    out.varint(directory.mode);
    encode_time(directory.mtime, out);
  }
  return out.take();
}

Plan decode_plan(ByteView bytes) {
  ByteReader in(bytes, "the plan of the unfinished restore");
  Plan plan;
  if (in.u8() != kPlanVersion) in.fail("its version is unknown");
  const std::uint8_t policy = in.u8();
  if ((policy & ~kAllPolicyBits) != 0) in.fail("it has unknown flags");
  plan.policy = {(policy & kSameOwner) != 0, (policy & kSpecial) != 0, (policy & kPrivilegedAttributes) != 0, (policy & kVerify) != 0};
  plan.old_root = in.id<ChunkTag>();
  for (std::uint64_t left = in.varint(); left > 0; --left) {  // every step takes bytes, so a wrong count fails early
    Step step = decode_step(in, plan.staged_count);
    if (!plan.steps.empty() && !WalkOrder()(plan.steps.back().path, step.path)) in.fail("its steps are out of order");
    if (step.old == OldState::saved && plan.old_root.is_zero()) in.fail("a step refers to an old root that is not there");
    if (step.kind == StepKind::put) ++plan.staged_count;
    plan.steps.push_back(std::move(step));
  }
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    PlanDirectory directory = decode_directory(in);
    if (!plan.directories.empty() && !WalkOrder()(plan.directories.back().path, directory.path))
      in.fail("its directories are out of order");
    plan.directories.push_back(std::move(directory));
  }
  in.expect_end();
  return plan;
}

}  // namespace metamori
