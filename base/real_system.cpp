#include "base/system.hpp"
