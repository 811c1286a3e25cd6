-- Lua scripts by the SHA-1 of their text, as EVAL and SCRIPT LOAD left them, for all proxies.
CREATE TABLE redis.scripts (
    sha text COLLATE "C" PRIMARY KEY, -- 40 lower-case hexadecimal digits
    body bytea NOT NULL
);

-- Libraries (FUNCTION LOAD), and the functions they register. Few and rarely changed: every change locks the first table.
CREATE TABLE redis.libraries (
    name text COLLATE "C" PRIMARY KEY,
    engine text NOT NULL,
    code bytea NOT NULL
);
CREATE TABLE redis.library_functions (
    library text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,   -- letters, digits and underscores; FCALL ignores their case
    position integer NOT NULL,        -- in order of registration
    description bytea,
    flags text[] NOT NULL,
    PRIMARY KEY (library, name)
);
CREATE UNIQUE INDEX library_functions_name ON redis.library_functions (pg_catalog.lower(name));
