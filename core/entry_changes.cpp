#include "core/entry_changes.hpp"

namespace metamori {

bool has_same_content(const Entry& a, const Entry& b) {
  if (a.type != b.type) return false;
  return a.type == EntryType::directory ||
         (a.content == b.content && a.content_unknown == b.content_unknown && a.unknown_size == b.unknown_size && a.target == b.target &&
          a.device_major == b.device_major && a.device_minor == b.device_minor);
}

bool differ_in_time_only(const Entry& a, const Entry& b) {
  if (a.type != EntryType::directory || b.type != EntryType::directory) return false;
  Entry same_time = a;
  same_time.mtime = b.mtime;
  same_time.content = b.content;
  same_time.entries_below = b.entries_below;
  same_time.files_below = b.files_below;
  same_time.bytes_below = b.bytes_below;
  return same_time == b;
}

}  // namespace metamori
