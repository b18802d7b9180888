#include "script/state.h"

#include <algorithm>
#include <lua.hpp>
#include <string>
#include <vector>

#include "model/rules.h"
#include "script/heap.h"
#include "script/library.h"
#include "script/seed.h"
#include "script/tuning.h"
#include "script/values.h"

namespace hearthgate::script {
namespace {

struct VersionView {
  std::string_view fields, author, author_name;
  int64_t time_ms = 0;
  uint8_t flags = 0;
  size_t first_path = 0, end_path = 0;  // of the case's paths: what it changed
};
struct CaseView {
  std::string_view address, id, kind, owner;
  std::vector<VersionView> versions;
  std::vector<std::string_view> paths;
};

// The case stands in the frame, whose bytes outlive the view. What the view had takes no new memory.
void readCase(FrameReader* reader, CaseView* view) {
  view->versions.clear();
  view->paths.clear();
  for (std::string_view* text : {&view->address, &view->id, &view->kind, &view->owner}) *text = reader->text();
  for (uint32_t left = reader->number(); left > 0 && reader->ok(); --left) {
    VersionView& version = view->versions.emplace_back();
    for (std::string_view* text : {&version.fields, &version.author, &version.author_name}) *text = reader->text();
    version.time_ms = reader->wide();
    version.flags = reader->byte();
    version.first_path = view->paths.size();
    for (uint32_t paths = reader->number(); paths > 0 && reader->ok(); --paths) view->paths.push_back(reader->text());
    version.end_path = view->paths.size();
  }
}

void setText(lua_State* L, const char* key, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, key);
}
void setFlag(lua_State* L, const char* key, bool value) {
  lua_pushboolean(L, value ? 1 : 0);
  lua_setfield(L, -2, key);
}

void pushVersion(lua_State* L, const CaseView& view, const VersionView& version) {
  lua_createtable(L, 0, 8);
  pushJson(L, version.fields);
  lua_setfield(L, -2, "fields");
  setText(L, "author", version.author);
  if (!version.author_name.empty()) setText(L, "author_name", version.author_name);
  lua_pushinteger(L, version.time_ms);
  lua_setfield(L, -2, "time");
  setFlag(L, "trusted", (version.flags & 1) != 0);
  setFlag(L, "deleted", (version.flags & 2) != 0);
  setFlag(L, "owner", (version.flags & 4) != 0);
  lua_createtable(L, 0, static_cast<int>(version.end_path - version.first_path));
  for (size_t i = version.first_path; i < version.end_path; ++i) {
    lua_pushlstring(L, view.paths[i].data(), view.paths[i].size());
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "changed");
}

void pushCase(lua_State* L, const CaseView& view) {
  lua_createtable(L, 0, 2);
  lua_createtable(L, 0, 4);
  setText(L, "address", view.address);
  setText(L, "id", view.id);
  setText(L, "kind", view.kind);
  setText(L, "owner", view.owner);
  lua_setfield(L, -2, "entity");
  lua_createtable(L, static_cast<int>(view.versions.size()), 0);
  for (size_t i = 0; i < view.versions.size(); ++i) {
    pushVersion(L, view, view.versions[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  lua_setfield(L, -2, "versions");
}

// The beginning of a text, at least `max_bytes` of it if there are so many: the gateway makes it fit to be shown.
std::string cutText(lua_State* L, int index, size_t max_bytes) {
  size_t size = 0;
  const char* const text = lua_tolstring(L, index, &size);
  return {text, std::min(size, 4 * max_bytes)};
}

const char kEnvironment = 0;  // the metatable of each run's globals, in the registry
const char kChunk = 0;        // the compiled text

}  // namespace

namespace {

// Looked for once in the life of the process.
std::optional<size_t> knownSeedPlace() {
  static const std::optional<size_t> place = seedPlace();
  return place;
}

}  // namespace

struct ScriptState::Inner {
  std::string name;
  lua_State* L = nullptr;  // lives in the heap and goes with it: nothing in it has to be told of its end
  Heap heap{kLuaBytes, knownSeedPlace()};
  Spent spent{heap};
  CaseView view;           // the one that is worked on
  Description definition;  // once it was read; until then without a name
  std::optional<Failed> broken;  // why nothing can run

  // Calls `function` with `task` so that errors come back. Gives what went wrong, with `code` for an error of the script's.
  std::optional<Failed> guarded(lua_CFunction function, void* task, const char* const* code) {
    spent.memory = false;
    lua_settop(L, 0);
    if (heap.used() > kGarbageBytes) lua_gc(L, LUA_GCCOLLECT);
    heap.forgetRefused();
    lua_pushcfunction(L, function);  // neither allocates
    lua_pushlightuserdata(L, task);
    const int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) return std::nullopt;
    if (spent.memory || isMemoryError(status, heap.refused() > 0)) {
      return Failed{"memory_limit", "The script '" + name + "' used more than the " + std::to_string(kLuaBytes >> 20) +
                                        " MiB of memory that it gets; make it build less at a time."};
    }
    const std::string what = lua_type(L, -1) == LUA_TSTRING
                                 ? cutText(L, -1, kMessageBytes / 2)
                                 : std::string("an error that is no text but a ") + luaL_typename(L, -1);
    return Failed{*code, "The script '" + name + "' stopped with an error: " + what};
  }
};

namespace {

int prepare(lua_State* L) {
  prepareValues(L);
  lua_createtable(L, 0, 1);
  pushGlobals(L, static_cast<Spent*>(lua_touserdata(L, 1)));
  lua_setfield(L, -2, "__index");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kEnvironment);
  return 0;
}

struct LoadTask {
  std::string_view name, text;
};

int loadText(lua_State* L) {
  const auto& task = *static_cast<LoadTask*>(lua_touserdata(L, 1));
  const std::string chunk_name = "=" + std::string(task.name);
  if (luaL_loadbufferx(L, task.text.data(), task.text.size(), chunk_name.c_str(), "t") != LUA_OK) return lua_error(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kChunk);
  return 0;
}

// What a run has come to, and how its errors are called there.
constexpr const char* kDefining = "bad_script";
constexpr const char* kResolving = "script_failed";

struct RunTask {
  const CaseView* view = nullptr;
  const std::string* name = nullptr;
  const Heap* heap = nullptr;
  const char* code = kDefining;
  std::optional<Outcome> outcome;
  Description* definition = nullptr;

  int settle(Outcome settled) {
    outcome = std::move(settled);
    return 0;
  }
  int badScript(const std::string& what) { return settle(Failed{kDefining, "The script '" + *name + "' " + what}); }
  int badResult(const std::string& what) { return settle(Failed{"bad_result", "The script '" + *name + "' " + what}); }
};

// Runs the text and leaves its definition at the top.
void pushDefinition(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kChunk);
  lua_newtable(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kEnvironment);
  lua_setmetatable(L, -2);
  lua_setupvalue(L, -2, 1);
  lua_call(L, 0, 1);
}

// Reads a list of texts at the top; false when it is none.
bool readTexts(lua_State* L, std::vector<std::string>* out) {
  if (lua_isnil(L, -1)) return true;
  if (!lua_istable(L, -1)) return false;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  if (count > static_cast<lua_Integer>(kMaxPatterns)) return false;
  for (lua_Integer i = 1; i <= count; ++i) {
    const bool text = lua_rawgeti(L, -1, i) == LUA_TSTRING && lua_rawlen(L, -1) <= model::kMaxNameBytes;
    if (text) out->emplace_back(lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    if (!text) return false;
  }
  return true;
}

// Reads the definition at the top; gives what is wrong with it, or nothing.
std::string readDefinition(lua_State* L, Description* description) {
  if (!lua_istable(L, -1)) return "returns no definition; it ends with: return {name = …, about = …, resolve = function(c) … end}";
  const auto readText = [&](const char* key, size_t most, std::string* out) {
    lua_getfield(L, -1, key);
    const bool fits = lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > 0 && lua_rawlen(L, -1) <= most;
    if (fits) out->assign(lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    return fits;
  };
  if (!readText("name", 63, &description->name)) return "has no name in its definition; a name is a text of at most 63 bytes";
  if (!readText("about", kAboutBytes, &description->about)) return "does not say in `about` what it is for, in at most 500 bytes";
  lua_getfield(L, -1, "applies_to");
  const bool any = lua_isnil(L, -1);
  bool fits = any || lua_istable(L, -1);
  for (const auto& [key, list] : {std::pair{"kinds", &description->kinds}, std::pair{"ids", &description->ids}}) {
    if (any || !fits) break;
    lua_getfield(L, -1, key);
    fits = readTexts(L, list);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (!fits) return "has an `applies_to` that is not {kinds = {…}, ids = {…}} with at most 64 texts each";
  lua_getfield(L, -1, "resolve");
  const bool function = lua_isfunction(L, -1);
  lua_pop(L, 1);
  return function ? "" : "has no function `resolve` in its definition";
}

bool applies(const Description& description, const CaseView& view) {
  const auto names = [&](const std::string& kind) { return kind == view.kind; };
  const auto matches = [&](const std::string& id) { return model::globMatches(id, view.id); };
  return (description.kinds.empty() || std::any_of(description.kinds.begin(), description.kinds.end(), names)) &&
         (description.ids.empty() || std::any_of(description.ids.begin(), description.ids.end(), matches));
}

// Whether the value at `index` is one of the versions that the script was given.
bool isGivenVersion(lua_State* L, int versions, int index) {
  bool given = false;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, versions));
  for (lua_Integer i = 1; i <= count && !given; ++i) {
    lua_rawgeti(L, versions, i);
    given = lua_rawequal(L, -1, index) != 0;
    lua_pop(L, 1);
  }
  return given;
}

constexpr size_t kUsualFields = 512;  // bytes: saves growing

// What resolve() returned: fields and reason at 2 and 3 of `versions`' stack.
int settleResult(lua_State* L, RunTask* task, int versions, int fields) {
  const int reason = fields + 1;
  const bool told = lua_type(L, reason) == LUA_TSTRING && lua_rawlen(L, reason) > 0;
  if (lua_isnil(L, fields)) {
    if (!told && !lua_isnil(L, reason)) return task->badResult("declined with a reason that is no text.");
    return task->settle(Declined{told ? cutText(L, reason, kReasonBytes) : "The script '" + *task->name + "' declined without a reason."});
  }
  if (!lua_istable(L, fields)) {
    return task->badResult(std::string("returned a ") + luaL_typename(L, fields) + " instead of a table of fields, or nil to decline.");
  }
  if (isGivenVersion(L, versions, fields)) return task->badResult("returned a version; return its `fields`.");
  if (isMarkedList(L, fields)) return task->badResult("returned a list instead of a table of fields.");
  if (!told) return task->badResult("returned fields without a reason; return both.");
  Resolved resolved{"", cutText(L, reason, kReasonBytes)};
  resolved.fields.reserve(kUsualFields);
  if (auto problem = appendJson(L, fields, kResultBytes, &resolved.fields)) {
    return task->settle(Failed{problem->code, "The script '" + *task->name + "': " + problem->message + "."});
  }
  return task->settle(std::move(resolved));
}

int resolve(lua_State* L) {
  auto& task = *static_cast<RunTask*>(lua_touserdata(L, 1));
  pushDefinition(L);
  // The text gives the same definition each time, since it finds the same each time.
  if (task.definition->name.empty()) {
    *task.definition = {};
    const std::string problem = readDefinition(L, task.definition);
    if (!problem.empty()) {
      task.definition->name.clear();
      return task.badScript(problem + ".");
    }
  }
  if (!applies(*task.definition, *task.view)) {
    return task.settle(Declined{"The script '" + *task.name + "' is not for entities like this one (its applies_to)."});
  }
  lua_getfield(L, -1, "resolve");
  pushCase(L, *task.view);
  if (task.heap->used() > kGarbageBytes) lua_gc(L, LUA_GCINC, kPausePercentLarge, 0, 0);
  lua_getfield(L, -1, "versions");
  lua_insert(L, -3);  // versions, resolve, case
  const int versions = lua_gettop(L) - 2;
  task.code = kResolving;
  lua_call(L, 1, 2);
  return settleResult(L, &task, versions, lua_gettop(L) - 1);
}

int describeText(lua_State* L) {
  auto& task = *static_cast<RunTask*>(lua_touserdata(L, 1));
  pushDefinition(L);
  const std::string problem = readDefinition(L, task.definition);
  return problem.empty() ? 0 : task.badScript(problem + ".");
}

}  // namespace

ScriptState::ScriptState() : inner_(std::make_unique<Inner>()) {
  inner_->L = lua_newstate(&Heap::allocate, &inner_->heap);
  if (inner_->L == nullptr) {
    inner_->broken = Failed{"memory_limit", "There is no memory to run a script."};
    return;
  }
  lua_gc(inner_->L, LUA_GCINC, kPausePercent, 0, 0);
  inner_->broken = inner_->guarded(prepare, &inner_->spent, &kDefining);
}

void ScriptState::load(std::string_view name, std::string_view text) {
  inner_->name = name;
  if (inner_->broken) return;
  LoadTask task{name, text};
  inner_->broken = inner_->guarded(loadText, &task, &kDefining);
}

ScriptState::~ScriptState() = default;

size_t ScriptState::mostUsed() const { return inner_->heap.mostUsed(); }

Outcome ScriptState::run(FrameReader* reader) {
  readCase(reader, &inner_->view);
  if (inner_->broken) return *inner_->broken;
  RunTask task;
  task.view = &inner_->view;
  task.name = &inner_->name;
  task.heap = &inner_->heap;
  task.definition = &inner_->definition;
  if (auto failed = inner_->guarded(resolve, &task, &task.code)) return std::move(*failed);
  return std::move(*task.outcome);
}

std::variant<Description, Failed> ScriptState::describe() {
  if (inner_->broken) return *inner_->broken;
  RunTask task;
  task.name = &inner_->name;
  task.definition = &inner_->definition;
  if (auto failed = inner_->guarded(describeText, &task, &task.code)) return std::move(*failed);
  if (task.outcome) return std::get<Failed>(std::move(*task.outcome));
  return std::move(inner_->definition);
}

}  // namespace hearthgate::script
