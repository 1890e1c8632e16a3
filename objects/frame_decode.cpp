#include "objects/frame.hpp"
