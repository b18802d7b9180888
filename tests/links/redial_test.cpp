// How soon a home dials again whose links end as soon as they stand, and what is left of a link that has ended.
#include <chrono>
#include <future>

#include "links/running_home.h"
#include "trust/tls.h"

namespace hearthgate::testing {
namespace {

using std::chrono::steady_clock;

// A home's listening end that shakes hands and then ends the link.
class EndsLinks final : public sdk::LinkHandler {
 public:
  EndsLinks(const trust::Identity& identity, std::string code) : code_(std::move(code)) {
    auto channel = trust::Channel::peer(trust::Channel::Role::kServer, identity, [](std::string_view) { return true; });
    EXPECT_TRUE(channel.ok());
    channel_ = std::move(*channel);
  }
  void onOpen(std::shared_ptr<sdk::Link> link) override { link_ = std::move(link); }
  void onMessage(std::string_view message) override {
    EXPECT_TRUE(channel_->feed(message).ok());
    for (std::string output; !(output = channel_->takeOutput()).empty();) link_->send(std::move(output));
    if (channel_->established()) link_->close(code_, "");
  }
  void onWritable() override {}
  void onClosed(const sdk::CloseReason&) override { link_.reset(); }

 private:
  const std::string code_;
  std::unique_ptr<trust::Channel> channel_;
  std::shared_ptr<sdk::Link> link_;
};

class Redial : public TwoRunningHomes {
 protected:
  ~Redial() override { transport.stop(); }

  // From here on beach's links with city end with `code`.
  void endWith(const std::string& code) {
    pairHomes(beach, city);
    ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
    ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
    city.stop();
    auto listening = transport.listen("127.0.0.1", 0, [this, code](const sdk::LinkRequest&) {
      ++dials;
      return sdk::LinkDecision::accept(std::make_shared<EndsLinks>(city.identity(), code));
    });
    ASSERT_TRUE(listening.outcome.ok());
    const std::string address = "127.0.0.1:" + std::to_string(listening.port);
    ASSERT_TRUE(beach.engine()
                    .run([&](engine::Core& core) {
                      auto row = core.store().peer(city.id());
                      row->addresses = {{address, "hand", std::nullopt}};
                      core.store().putPeer(*row);
                    })
                    .ok());
    beach.stop();
    beach.start();
    events_before = homeEvents();
  }
  size_t homeEvents() {
    size_t found = 0;
    EXPECT_TRUE(beach.engine()
                    .run([&](engine::Core& core) {
                      for (const store::EventRow& event : core.store().events(0, 10'000)) found += event.type == "home";
                    })
                    .ok());
    return found;
  }

  LoopbackTransport transport{network};
  std::atomic<int> dials{0};
  size_t events_before = 0;
};

TEST_F(Redial, WaitsLongerEachTimeThatALinkDoesNotStand) {
  endWith("closed");
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  ASSERT_TRUE(eventually([&] { return dials >= 1; }));
  const auto began = steady_clock::now();
  ASSERT_TRUE(eventually([&] { return dials >= 7; }, 60'000));
  // Six times as in link_hub_impl.h, a fifth less.
  EXPECT_GE(steady_clock::now() - began, std::chrono::milliseconds((200 + 300 + 450 + 675 + 1000 + 1000) * 8 / 10));
  EXPECT_EQ(homeEvents(), events_before) << "nobody was connected";
}

TEST_F(Redial, WaitsWhereTheOtherHomeCannotStore) {
  endWith("storage");
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  ASSERT_TRUE(eventually([&] { return dials >= 1; }));
  EXPECT_FALSE(eventually([&] { return dials >= 2; }, 3'000));
  EXPECT_EQ(homeEvents(), events_before);
}

TEST_F(Redial, WaitsWhereTheOtherHomeRefuses) {
  endWith("held_quota");
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  ASSERT_TRUE(eventually([&] { return dials >= 1; }));
  EXPECT_FALSE(eventually([&] { return dials >= 2; }, 3'000));
  EXPECT_EQ(beach.hub().state(city.id()).state, "refused");
  // A person need not wait.
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  EXPECT_TRUE(eventually([&] { return dials >= 2; }));
}

TEST_F(Redial, ForgetsWhatALinkToldThatHasEnded) {
  pairHomes(beach, city);
  ASSERT_TRUE(eventually([&] { return beach.hub().state(city.id()).report.fresh; }));
  HeldEngine held(beach);
  const size_t queued = held.queued();
  // A tick's work, which was queued while the link stood.
  ASSERT_TRUE(eventually([&] { return held.queued() > queued; }));
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  held.goOn();
  ASSERT_TRUE(beach.engine().run([](engine::Core&) {}).ok());
  EXPECT_FALSE(beach.hub().state(city.id()).report.fresh);
}

}  // namespace
}  // namespace hearthgate::testing
