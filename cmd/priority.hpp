#pragma once

namespace metamori::cmd {

/// From now on this thread, and all that it starts, get processor and disk only where nobody else wants them. As far as the system allows.
void be_nice() noexcept;

}  // namespace metamori::cmd
