/* What a power cut leaves: for each file the bytes that were synced, for each folder the names, in FAULTS_DISK. Part of shim.c. */

enum { PAGE = 4096 };

/* Bytes of a file that were written and not synced yet, by page. */
struct dirty {
    char key[64];
    unsigned char *pages;
    size_t length;
    struct dirty *next;
};

static struct dirty *dirty;

/* What a file or folder is called there: numbers come again, with the time at which it was made they do not. */
static void key_of(int fd, char *key, size_t size) {
    struct statx about = {0};
    syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &about);
    long long made = (long long)about.stx_btime.tv_sec * 1000000000 + about.stx_btime.tv_nsec;
    snprintf(key, size, "%llu-%lld", (unsigned long long)about.stx_ino, made);
}

static struct dirty *dirty_of(const char *key) {
    for (struct dirty *known = dirty; known; known = known->next)
        if (!strcmp(known->key, key)) return known;
    struct dirty *new = calloc(1, sizeof *new);
    snprintf(new->key, sizeof new->key, "%s", key);
    new->next = dirty;
    return dirty = new;
}

static void soil(int fd, long at, long length) {
    char key[64];
    if (!getenv("FAULTS_DISK") || length <= 0) return;
    key_of(fd, key, sizeof key);
    struct dirty *file = dirty_of(key);
    size_t end = (size_t)(at + length - 1) / PAGE + 1;
    if (end > file->length) {
        file->pages = realloc(file->pages, end);
        memset(file->pages + file->length, 0, end - file->length);
        file->length = end;
    }
    memset(file->pages + at / PAGE, 1, end - (size_t)at / PAGE);
}

static void keep_file(int fd, const char *source, const char *disk) {
    char key[64], path[4300], page[PAGE];
    struct stat about;
    key_of(fd, key, sizeof key);
    snprintf(path, sizeof path, "%s/%s.bytes", disk, key);
    int from = raw_open(source, O_RDONLY), to = raw_open(path, O_WRONLY | O_CREAT);
    if (from < 0 || to < 0 || fstat(from, &about)) abort();
    struct dirty *file = dirty_of(key);
    syscall(SYS_ftruncate, to, about.st_size);
    for (size_t number = 0; number < file->length; number++) {
        long at = (long)number * PAGE, length;
        if (!file->pages[number]) continue;
        if ((length = syscall(SYS_pread64, from, page, PAGE, at)) > 0) raw_write(to, page, (size_t)length, at);
    }
    file->length = 0;
    close(from);
    close(to);
}

static void keep_names(int fd, const char *source, const char *disk) {
    char key[64], child[64], path[4300], new[4310], line[4400];
    key_of(fd, key, sizeof key);
    snprintf(path, sizeof path, "%s/%s.names", disk, key);
    snprintf(new, sizeof new, "%s.new", path);
    int to = raw_open(new, O_WRONLY | O_CREAT | O_TRUNC);
    DIR *folder = opendir(source);
    if (to < 0 || !folder) abort();
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        int file = (int)syscall(SYS_openat, dirfd(folder), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
        if (file < 0) continue;
        key_of(file, child, sizeof child);
        close(file);
        int length = snprintf(line, sizeof line, "%s %s %s\n", entry->d_type == DT_DIR ? "folder" : "file", child, entry->d_name);
        raw_write(to, line, (size_t)length, -1);
    }
    closedir(folder);
    close(to);
    syscall(SYS_renameat, AT_FDCWD, new, AT_FDCWD, path);
}
