#pragma once

/// \file
/// Files of a repository that can't be read in the middle, because of a bad sector or a disk that is gone.

#include <cstdint>

#include "metamori/export.hpp"

namespace metamori {

/// Makes a failing read of a repository's file an error like others. The library maps packs and caches, and the kernel answers a look at a
/// page that can't be read with SIGBUS, which ends the process. After this call the page counts as damaged instead: what needs it throws
/// corrupt, all else goes on. It sets the process's action for SIGBUS, which the library never does unasked; for other addresses the signal
/// does what it did before. Once for a process is enough.
METAMORI_API void survive_read_errors();

/// How many pages could not be read since.
METAMORI_API std::uint64_t unreadable_pages() noexcept;

}  // namespace metamori
