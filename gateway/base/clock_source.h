// What says that the machine's clock is right. Any thread.
#pragma once

#include <string>

namespace hearthgate {

// For people, as the beginning of "… calls it synchronised"; empty when nothing does.
std::string clockSource();

}  // namespace hearthgate
