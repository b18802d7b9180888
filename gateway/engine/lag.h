// How much of one owner's entities another home has not acknowledged yet, asked of the database: what a link would have to
// carry now. Used by the API's read connections. Any thread that owns the reader.
#pragma once

#include <cstdint>
#include <optional>

#include "store/reader.h"

namespace hearthgate::engine {

// Entities of `owner` (this home `me` or `peer`) that wait to be sent to `peer`: those above `sent`, the place in the feed
// up to which a link that is up has sent, and without one those that the peer has not acknowledged under these rules.
uint64_t waitingFor(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner,
                    std::optional<uint64_t> sent);

}  // namespace hearthgate::engine
