// Frames of many links share what compresses them on a thread.
#include "sync/frames.h"

#include <gtest/gtest.h>

#include <thread>

#include "sync/tuning.h"

namespace hearthgate::sync {
namespace {

std::string text(size_t bytes, int seed) {
  std::string all;
  for (int i = seed; all.size() < bytes; ++i) all += "light.lamp_" + std::to_string(i * 7919 % 1000) + " is on, ";
  all.resize(bytes);
  return all;
}

std::string frame(const std::string& message, bool compress = true) {
  std::string out;
  appendFrame(message, compress, &out);
  return out;
}

// What a reader gives of `bytes`, fed in portions of `portion`.
std::vector<std::string> read(FrameReader& reader, const std::string& bytes, size_t portion) {
  std::vector<std::string> messages;
  for (size_t at = 0; at < bytes.size(); at += portion) {
    reader.feed(std::string_view(bytes).substr(at, portion));
    while (true) {
      auto message = reader.next();
      EXPECT_TRUE(message.ok());
      if (!message.ok() || !message->has_value()) break;
      messages.push_back(**message);
    }
  }
  return messages;
}

TEST(Frames, CarryWhatWasSaidInAnyPortions) {
  std::vector<std::string> said{"",
                                "short",
                                text(kCompressFromBytes - 1, 1),
                                text(kCompressFromBytes, 2),
                                text(kKeepFrameBytes * 4, 3),
                                "after a large one"};
  std::string stream;
  for (const std::string& message : said) appendFrame(message, true, &stream);
  for (size_t portion : {size_t{1}, size_t{1000}, stream.size()}) {
    FrameReader reader;
    EXPECT_EQ(read(reader, stream, portion), said) << portion;
  }
}

TEST(Frames, AreCompressedFromAThousandBytesOnWhereTheyMayBe) {
  std::string message = text(kCompressFromBytes, 1);
  EXPECT_LT(frame(message).size(), message.size());
  EXPECT_EQ(frame(message, false).size(), message.size() + 4);
  std::string less = text(kCompressFromBytes - 1, 1);
  EXPECT_EQ(frame(less).size(), less.size() + 4);
}

// A thread's contexts serve every link: none may hold on to what another one said, or to its failure.
TEST(Frames, OfOneLinkDoNotDependOnThoseOfAnother) {
  std::string one = text(5000, 1);
  std::string alone = frame(one);
  for (int seed = 2; seed < 20; ++seed) {
    (void)frame(text(40'000, seed));
    EXPECT_EQ(frame(one), alone);
  }
  std::string broken = frame(text(5000, 3));
  for (size_t at = 20; at < broken.size(); ++at) broken[at] = static_cast<char>(~broken[at]);
  FrameReader bad;
  bad.feed(broken);
  EXPECT_FALSE(bad.next().ok());
  FrameReader good;
  EXPECT_EQ(read(good, alone, alone.size()), std::vector<std::string>{one});
}

TEST(Frames, AreMadeOnSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([n] {
      FrameReader reader;
      for (int i = 0; i < 200; ++i) {
        std::string message = text(2000 + static_cast<size_t>(i) * 10, n * 1000 + i);
        std::string bytes = frame(message);
        EXPECT_EQ(read(reader, bytes, bytes.size()), std::vector<std::string>{message});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace hearthgate::sync
