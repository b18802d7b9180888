// `report`: the redacted bundle for whoever helps.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/commands.h"

namespace hearthgate::cli {
namespace {

// Readable by its owner alone: what is in it is redacted, but whom it is shown to is the person's choice.
Status writeFile(const std::string& file, const std::string& text) {
  auto failed = [&](const char* what) {
    return systemError("not_written",
                       std::string(what).append(" ").append(file).append(": ").append(std::strerror(errno)));
  };
  int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed("cannot make");
  size_t written = 0;
  while (written < text.size()) {
    ssize_t put = ::write(descriptor, text.data() + written, text.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      Status status = failed("cannot write");
      ::close(descriptor);
      ::unlink(file.c_str());
      return status;
    }
    written += static_cast<size_t>(put);
  }
  if (::close(descriptor) != 0) return failed("cannot close");
  return {};
}

// The same document with a line for each member and each item of a list, so that a person can look through it.
std::string inLines(const Json& report) {
  if (!report.is_object()) return boost::json::serialize(report);
  std::string out = "{";
  for (const auto& member : report.get_object()) {
    out += (out.size() > 1 ? ",\n" : "\n") + boost::json::serialize(boost::json::value(member.key())) + ": ";
    if (!member.value().is_array()) {
      out += boost::json::serialize(member.value());
      continue;
    }
    std::string items;
    for (const auto& item : member.value().get_array())
      items += (items.empty() ? "\n  " : ",\n  ") + boost::json::serialize(item);
    out += "[" + items + "]";
  }
  return out + "\n}";
}

ExitStatus report(Context& context, const std::string& file) {
  Reply reply = context.get(path({"report"}));
  std::string text = (context.json() ? reply.raw : inLines(reply.body)) + "\n";
  if (file.empty()) {
    context.out() << text;
    return kDone;
  }
  Status written = writeFile(file, text);
  if (!written.ok())
    context.fail(written.error().code, written.error().message,
                 "name a file that is not there yet, in a folder of yours");
  if (!context.printed(reply)) {
    context.out()
        << "wrote " << safe(file) << " (" << text.size() << " bytes)\n"
        << "It holds no names, addresses, contents, tokens or keys; look through it before you\nhand it on.\n";
  }
  return kDone;
}

}  // namespace

void addReportCommands(CLI::App& program, Chosen& chosen) {
  auto file = std::make_shared<std::string>();
  auto* command =
      addCommand(program, chosen, "report", "Gather what helps to find a fault, redacted, as one JSON document",
                 [=](Context& c) { return report(c, *file); });
  command->add_option("--output", *file, "write it to this new file")->type_name("FILE");
}

}  // namespace hearthgate::cli
