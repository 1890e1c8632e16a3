#include "objects/pack_index.hpp"
