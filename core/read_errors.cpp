#include "metamori/read_errors.hpp"

#include "base/real_mappings.hpp"

namespace metamori {

void survive_read_errors() { replace_unreadable_pages(); }
std::uint64_t unreadable_pages() noexcept { return unreadable_page_count(); }

}  // namespace metamori
