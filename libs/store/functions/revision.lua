-- SPDX-License-Identifier: Apache-2.0
-- What a process asks before it loads its own library: the revision goes up with every change of
-- behaviour, and a library of a higher one is never replaced.
local REVISION = 9

redis.register_function('headrace1_revision', function() return REVISION end)
redis.register_function('headrace1_digest', function() return LIBRARY_DIGEST end)
