// Messages about circles.
#include "engine/tuning.h"
#include "sync/tuning.h"
#include "sync/wire_parts.h"
#include "trust/tuning.h"

namespace hearthgate::sync {
namespace {

model::OwnerId readCircle(ByteReader* in) {
  model::OwnerId circle = readOwner(in);
  if (!circle.isCircle()) in->fail();
  return circle;
}

// As many as a home takes part in, so that a longer list is a broken one.
size_t readCount(ByteReader* in, size_t least_bytes) {
  size_t count = in->count(least_bytes);
  if (count > engine::kMaxCircles) in->fail();
  return std::min(count, engine::kMaxCircles);
}

}  // namespace

std::string encode(const CirclesMessage& circles) {
  std::string message = start(MessageType::kCircles);
  ByteWriter out(&message);
  out.number(circles.invitations.size());
  for (const auto& one : circles.invitations) {
    writeOwner(one.circle, &out);
    out.bytes(one.name);
    out.signedNumber(one.until_ms);
  }
  out.number(circles.replies.size());
  for (const auto& one : circles.replies) {
    writeOwner(one.circle, &out);
    out.signedNumber(one.until_ms);
    out.byte(one.accepted ? 1 : 0);
  }
  out.number(circles.known.size());
  for (const auto& one : circles.known) {
    writeOwner(one.circle, &out);
    out.raw(one.charter.view());
  }
  return message;
}

Result<CirclesMessage> decodeCircles(std::string_view message) {
  ByteReader in = body(message);
  CirclesMessage circles;
  for (size_t i = readCount(&in, 18); i > 0 && in.ok(); --i) {
    engine::Circles::Invitation one;
    one.circle = readCircle(&in);
    one.name = in.bytes();
    one.until_ms = in.signedNumber();
    if (one.name.size() > trust::kMaxHomeNameBytes || one.until_ms <= 0 || one.until_ms > kMaxToldClockMs) in.fail();
    circles.invitations.push_back(std::move(one));
  }
  for (size_t i = readCount(&in, 18); i > 0 && in.ok(); --i) {
    engine::Circles::Reply one;
    one.circle = readCircle(&in);
    one.until_ms = in.signedNumber();
    one.accepted = in.byte() != 0;
    circles.replies.push_back(one);
  }
  for (size_t i = readCount(&in, 48); i > 0 && in.ok(); --i) {
    CirclesMessage::Known one;
    one.circle = readCircle(&in);
    one.charter = in.id<trust::CharterHash>();
    circles.known.push_back(one);
  }
  return finish(in, std::move(circles), "circles");
}

std::string encode(const CharterMessage& charter) {
  std::string message = start(MessageType::kCharter);
  ByteWriter out(&message);
  writeOwner(charter.circle, &out);
  out.bytes(charter.proof);
  return message;
}

Result<CharterMessage> decodeCharterMessage(std::string_view message) {
  ByteReader in = body(message);
  CharterMessage charter;
  charter.circle = readCircle(&in);
  charter.proof = in.bytes();
  if (charter.proof.size() > trust::kMaxCharterBytes) in.fail();
  return finish(in, std::move(charter), "charter");
}

std::string encodeCircleHello(const OwnerHello& hello) {
  std::string message = start(MessageType::kCircleHello);
  ByteWriter out(&message);
  writeOwnerHello(hello, &out);
  return message;
}

Result<OwnerHello> decodeCircleHello(std::string_view message) {
  ByteReader in = body(message);
  OwnerHello hello = readOwnerHello(&in);
  if (!hello.owner.isCircle()) in.fail();
  return finish(in, std::move(hello), "hello of a circle");
}

}  // namespace hearthgate::sync
