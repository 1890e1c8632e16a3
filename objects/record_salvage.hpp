#pragma once

// What can be had of damaged records. Nothing here guesses: what is given is proved by a checksum or by git's ids.

#include <functional>
#include <map>
#include <optional>

#include "objects/record.hpp"

namespace metamori {

/// What is known of a record from elsewhere.
struct RecordHints {
  std::optional<CheckpointId> id;                               ///< as others name it
  std::function<std::uint64_t(const CheckpointId&)> number_of;  ///< of a checkpoint; 0 if it is not known
  std::string line = "main";                                    ///< where it stands no more
};
/// Makes record `number` anew from its git objects: the commit, confirmed by `hints.id` or by what the record says of itself, names the
/// tree, and that the blob. Of what is beside these the rest follows from them; tags may be missing. Nothing if they are damaged.
std::optional<Record> rebuild_record(ByteView damaged, std::uint64_t number, const RecordHints& hints);

/// Whether these are all and nothing but what a file of folded records `first`-`last` has to be.
bool is_sound_folded(ByteView file, std::uint64_t first, std::uint64_t last);
/// The sound records in what is left of such a file, as their bytes, by number.
std::map<std::uint64_t, Bytes> salvage_folded(ByteView file);

}  // namespace metamori
