#pragma once

// What a thread of ours knows of itself.

namespace metamori {

/// Whether the thread that asks is one of a WorkerPool: it lets no signal but those of faults reach it, from its beginning to its end.
bool is_worker_thread() noexcept;

}  // namespace metamori
