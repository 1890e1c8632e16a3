#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "objects/pack_index.hpp"

namespace metamori {

/// A group's members, decoded together.
class DecodedGroup {
 public:
  /// Throws corrupt, naming `where`.
  DecodedGroup(ByteView frame, std::string_view where);
  /// Throws corrupt if there are not so many.
  [[nodiscard]] ByteView member(std::uint16_t number, std::string_view where) const;
  [[nodiscard]] std::size_t size_bytes() const noexcept { return raw_.size() + ends_.size() * sizeof(std::uint32_t); }

 private:
  Bytes raw_;
  std::vector<std::uint32_t> ends_;
};

/// The groups read last, so that small files restored in order do not decode their group once each. Bounded; thread-safe.
class GroupCache {
 public:
  /// The group whose frame is at `offset` of `pack`. Throws corrupt.
  std::shared_ptr<const DecodedGroup> get(const PackReader& pack, std::uint64_t offset);

 private:
  struct Key {
    PackName pack;
    std::uint64_t offset = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return std::hash<PackName>()(key.pack) ^ (key.offset * 0x9E3779B97F4A7C15ULL); }
  };
  struct Item {
    Key key;
    std::shared_ptr<const DecodedGroup> group;
  };

  std::mutex mutex_;
  std::list<Item> items_;  ///< most recently used first
  std::unordered_map<Key, std::list<Item>::iterator, KeyHash> places_;
  std::size_t held_bytes_ = 0;
};

}  // namespace metamori
