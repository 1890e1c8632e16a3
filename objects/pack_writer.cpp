#include "objects/pack.hpp"
