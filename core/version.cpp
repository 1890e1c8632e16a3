#include "metamori/types.hpp"
