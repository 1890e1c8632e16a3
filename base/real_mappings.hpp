#pragma once

// Pages of mapped files that can't be read. The kernel answers a look at one with SIGBUS, which ends the process: for a bad sector, a file
// that somebody cut short, a disk that is gone. Once asked to, we put a page of zeros there instead: whatever is mapped is believed only
// after its checksum, so that zeros are damage like any other.

#include <cstddef>
#include <cstdint>

namespace metamori {

/// RealSystem tells of each file that it maps, and before it unmaps it. Any thread.
void note_mapped(const std::byte* address, std::size_t size);
void note_unmapped(const std::byte* address);

/// From now on SIGBUS for an address in a file that is mapped puts zeros there; for others it does what it did before. Sets the process's
/// action for that signal; once is enough.
void replace_unreadable_pages();
/// How many were, so far.
std::uint64_t unreadable_page_count() noexcept;

}  // namespace metamori
