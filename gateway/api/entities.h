// What the handlers about entities share. Request threads.
#pragma once

#include <functional>

#include "api/entity_text.h"
#include "api/gateway.h"

namespace hearthgate::api {

Error unknownStrategy(const std::string& name);
Error notOwner(const model::Address& address);

// A live entity that this home may see. Errors: entity_not_found, entity_deleted, no_longer_shared.
Result<store::EntityRow> readableEntity(Gateway& gateway, EntityText& text, store::Reader& reader,
                                        const model::Address& address);

// Writes as one change of kind `how` and answers the entity as GET shows it, after the durable commit.
Result<Answer> answerWritten(Gateway& gateway, const char* how, const Audited& audited,
                             const std::function<Result<engine::Written>(engine::Core&)>& code);

}  // namespace hearthgate::api
