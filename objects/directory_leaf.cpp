#include "objects/directory_leaf.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"

namespace metamori {

bool leaf_ends_after(std::uint8_t level, std::size_t count, std::size_t bytes, std::string_view name) noexcept {
  if (bytes >= kMaxLeafBytes) return true;
  return count >= kMinLeafItems && xxh3_64(as_bytes(name), level) % 64 == 0;
}

void LeafWriter::add(const Entry& entry) {
  encode_entry(entry, owner_index(entry.owner), entries_);
  ++count_;
}

std::size_t LeafWriter::owner_index(const Owner& owner) {
  if (last_owner_ != nullptr && *last_owner_ == owner) return last_index_;
  const auto [place, is_new] = indexes_.try_emplace(owner, indexes_.size());
  if (is_new) encode_owner(owner, owners_);
  last_owner_ = &place->first;
  last_index_ = place->second;
  return last_index_;
}

ByteView LeafWriter::finish() {
  leaf_.clear();
  leaf_.varint(indexes_.size());
  leaf_.raw(owners_.view());
  leaf_.raw(entries_.view());
  entries_.clear();
  owners_.clear();
  indexes_.clear();
  last_owner_ = nullptr;
  count_ = 0;
  return leaf_.view();
}

void LeafReader::open(ByteView leaf, const ChunkId& id, std::uint64_t count, std::string_view first_name, std::string_view bound) {
  what_ = "directory leaf " + to_hex(id);
  in_ = ByteReader(leaf, what_);
  count_ = count;
  done_ = 0;
  first_name_ = first_name;
  bound_ = bound;
  previous_.clear();
  decode_owners(in_, owners_);
  entry_bytes_ = in_.rest().size();
}

bool LeafReader::next(Entry& entry) {
  if (in_.at_end()) {
    if (done_ != count_) in_.fail("fewer entries than counted");
    if (owners_.used_count != owners_.owners.size()) in_.fail("an owner of nothing");
    return false;
  }
  if (done_ == count_) in_.fail("more entries than counted");
  if (entry_bytes_ - in_.rest().size() >= kMaxLeafBytes) in_.fail("entries beyond the end of a leaf");
  decode_entry(in_, owners_, NameRule::component, entry);
  if (done_ == 0 && !first_name_.empty() && entry.name != first_name_) in_.fail("a first name that is not what the node says");
  if (entry.name <= previous_) in_.fail("names out of order");  // the first name is longer than nothing
  if (!bound_.empty() && entry.name >= bound_) in_.fail("names that belong to a later leaf");
  previous_ = entry.name;
  ++done_;
  return true;
}

void encode_child(const NodeChild& child, ByteWriter& out) {
  MM_ASSERT(child.entry_count > 0);
  out.bytes(as_bytes(child.first_name));
  out.varint(child.entry_count);
  out.id(child.id);
}

void decode_node(ByteView chunk, const NodeChild& parent, bool is_top, std::string_view bound, std::vector<NodeChild>& children) {
  const std::string what = "directory node " + to_hex(parent.id);
  ByteReader in(chunk, what);
  children.clear();
  std::uint64_t left = parent.entry_count;
  while (!in.at_end()) {
    if (chunk.size() - in.rest().size() >= kMaxLeafBytes) in.fail("children beyond the end of a node");
    NodeChild child;
    child.first_name = as_text(in.bytes(kMaxNameBytes));
    if (!is_entry_name(child.first_name)) in.fail("a bad name");
    if (!children.empty() && child.first_name <= children.back().first_name) in.fail("names out of order");
    child.entry_count = in.varint();
    if (child.entry_count == 0) in.fail("a child without entries");
    if (child.entry_count > left) in.fail("more entries than counted");
    left -= child.entry_count;
    child.id = in.id<ChunkTag>();
    if (child.id.is_zero()) in.fail("a zero id");
    children.push_back(std::move(child));
  }
  if (left != 0) in.fail("fewer entries than counted");
  if (!parent.first_name.empty() && children.front().first_name != parent.first_name)
    in.fail("a first name that is not what the node above says");
  if (!bound.empty() && children.back().first_name >= bound) in.fail("names that belong to a later node");
  if (is_top && children.size() == 1) in.fail("a node of one child at the top");
}

}  // namespace metamori
