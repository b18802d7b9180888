// Avahi's lists of texts as ours, and back.
#pragma once

#include <avahi-common/strlst.h>

#include <string>
#include <utility>
#include <vector>

namespace hearthgate::lan {

class StringList {
 public:
  explicit StringList(const std::vector<std::string>& texts) {
    // Avahi puts each before those that are there, and the last one first into the packet.
    for (const std::string& text : texts) {
      list_ = avahi_string_list_add_arbitrary(list_, reinterpret_cast<const uint8_t*>(text.data()), text.size());
    }
  }
  ~StringList() { avahi_string_list_free(list_); }
  StringList(const StringList&) = delete;
  StringList& operator=(const StringList&) = delete;
  AvahiStringList* get() const { return list_; }
  AvahiStringList* release() { return std::exchange(list_, nullptr); }

 private:
  AvahiStringList* list_ = nullptr;
};

inline std::vector<std::string> textsOf(AvahiStringList* list) {
  std::vector<std::string> texts;
  for (; list != nullptr; list = avahi_string_list_get_next(list)) {
    texts.emplace_back(reinterpret_cast<const char*>(avahi_string_list_get_text(list)), avahi_string_list_get_size(list));
  }
  return texts;
}

}  // namespace hearthgate::lan
