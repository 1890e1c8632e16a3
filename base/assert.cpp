#include "base/assert.hpp"
