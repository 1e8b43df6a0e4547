/* Keep the memory of freed graphs for the next ones.

   An arena is a megabyte in which Python allocates small objects. When the last of them is freed, Python returns the arena to
   the system, and soon requests another. A training step makes a graph and frees it, so every step would pay for the same
   pages again (see benchmarks/where_the_time_goes.md). So up to KEPT arenas that are freed are kept here for reuse.

   Python has an interface for it: https://docs.python.org/3/c-api/memory.html#customize-pymalloc-arena-allocator. The lock is for
   interpreters of one process that each have a GIL of their own. */

#define KEPT 32

static PyObjectArenaAllocator arenas_from;   /* the allocator of Python, which still provides the others */
static PyThread_type_lock arenas_lock;
static struct { void *start; size_t size; } arenas_kept[KEPT];
static int arenas_many;

static void *
arena_alloc(void *context, size_t size)
{
    void *start = NULL;

    PyThread_acquire_lock(arenas_lock, WAIT_LOCK);
    if (arenas_many > 0 && arenas_kept[arenas_many - 1].size == size)
        start = arenas_kept[--arenas_many].start;
    PyThread_release_lock(arenas_lock);
    return start != NULL ? start : arenas_from.alloc(context, size);
}

static void
arena_free(void *context, void *start, size_t size)
{
    int keep;

    PyThread_acquire_lock(arenas_lock, WAIT_LOCK);
    keep = arenas_many < KEPT;
    if (keep) {
        arenas_kept[arenas_many].start = start;
        arenas_kept[arenas_many++].size = size;
    }
    PyThread_release_lock(arenas_lock);
    if (!keep)
        arenas_from.free(context, start, size);
}

static void
keep_arenas(void)
{
    PyObjectArenaAllocator keeping;

    if (arenas_lock != NULL || (arenas_lock = PyThread_allocate_lock()) == NULL)
        return;
    PyObject_GetArenaAllocator(&arenas_from);
    keeping.ctx = arenas_from.ctx;
    keeping.alloc = arena_alloc;
    keeping.free = arena_free;
    PyObject_SetArenaAllocator(&keeping);
}
