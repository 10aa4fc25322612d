package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.settings.Setting;

/**
 * {@code [roots]}.
 *
 * @param publicRoots whether the public CA roots count
 * @param files PEM files of further roots
 */
public record RootSettings(
    @Setting(
            name = "public",
            fallback = "true",
            doc = "Whether the public CA roots that Java ships count.")
        boolean publicRoots,
    @Setting(doc = "PEM files of further roots.") List<Path> files) {}
