-- expect: bad_script
﻿return {name = 'x', about = 'x', resolve = function() end}
