#include <limits>

#include "base/assert.hpp"
#include "objects/directory.hpp"
#include "objects/record.hpp"

// Verdicts, touched paths and plain path lists: docs/format.md, sections 10 and 11. All are sorted by path, each path once.

namespace metamori {
namespace {

constexpr std::uint64_t kMaxPathBytes = std::numeric_limits<std::uint32_t>::max();

/// Hands out the paths of a list in turn and insists on their order.
class PathOrder {
 public:
  std::string take(ByteReader& in) {
    std::string path(as_text(in.bytes(kMaxPathBytes)));
    if (!path.empty() && !is_entry_path(path)) in.fail("a path that can be none in a tree");
    if (!first_ && !(previous_ < path)) in.fail("paths out of order");
    first_ = false;
    previous_ = path;
    return path;
  }
  void put(const std::string& path, ByteWriter& out) {
    MM_ASSERT(first_ || previous_ < path);
    first_ = false;
    previous_ = path;
    out.bytes(as_bytes(path));
  }

 private:
  bool first_ = true;
  std::string previous_;
};

std::uint8_t take_up_to(ByteReader& in, std::uint8_t highest, std::string_view why) {
  const std::uint8_t value = in.u8();
  if (value > highest) in.fail(why);
  return value;
}

}  // namespace

Bytes encode_verdicts(const std::vector<PathVerdict>& sorted) {
  ByteWriter out;
  PathOrder order;
  for (const PathVerdict& item : sorted) {
    order.put(item.path, out);
    out.u8(static_cast<std::uint8_t>(item.verdict));
    out.u8(static_cast<std::uint8_t>(item.live));
  }
  return out.take();
}

std::vector<PathVerdict> decode_verdicts(ByteView bytes) {
  ByteReader in(bytes, "list of verdicts");
  std::vector<PathVerdict> result;
  PathOrder order;
  while (!in.at_end()) {
    PathVerdict item;
    item.path = order.take(in);
    item.verdict = static_cast<Verdict>(take_up_to(in, static_cast<std::uint8_t>(Verdict::assumed), "unknown verdict"));
    item.live = static_cast<Live>(take_up_to(in, static_cast<std::uint8_t>(Live::unknown), "unknown liveness"));
    result.push_back(std::move(item));
  }
  return result;
}

Bytes encode_touched(const std::vector<TouchedPath>& sorted) {
  ByteWriter out;
  PathOrder order;
  for (const TouchedPath& item : sorted) {
    order.put(item.path, out);
    out.u8(item.existed ? 1 : 0);
  }
  return out.take();
}

std::vector<TouchedPath> decode_touched(ByteView bytes) {
  ByteReader in(bytes, "list of touched paths");
  std::vector<TouchedPath> result;
  PathOrder order;
  while (!in.at_end()) {
    TouchedPath item;
    item.path = order.take(in);
    item.existed = take_up_to(in, 1, "a path that neither existed nor was absent") == 1;
    result.push_back(std::move(item));
  }
  return result;
}

Bytes encode_path_list(const std::vector<std::string>& sorted) {
  ByteWriter out;
  PathOrder order;
  for (const std::string& path : sorted) order.put(path, out);
  return out.take();
}

std::vector<std::string> decode_path_list(ByteView bytes) {
  ByteReader in(bytes, "list of paths");
  std::vector<std::string> result;
  PathOrder order;
  while (!in.at_end()) result.push_back(order.take(in));
  return result;
}

}  // namespace metamori
