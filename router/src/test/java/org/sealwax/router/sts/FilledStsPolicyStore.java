package org.sealwax.router.sts;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.log.RecordingMailLog;

/** A store of many policies that were fetched a moment ago, for measuring. */
public final class FilledStsPolicyStore {
  private FilledStsPolicyStore() {}

  /** Writes it. */
  public static void write(Path file, List<Domain> domains, String id, String text, Instant now)
      throws IOException {
    if (!(StsPolicy.read(text.getBytes(StandardCharsets.UTF_8))
        instanceof StsPolicy.ParsedStsPolicy.ValidStsPolicy sound)) {
      throw new IllegalArgumentException(text);
    }
    StsMemory memory =
        new StsMemory(
            new StsMemory.FetchedPolicy(id, sound.policy(), now),
            now.plus(Duration.ofDays(1)),
            null,
            0,
            null,
            null,
            "");
    try (StsPolicyStore store =
        StsPolicyStore.open(file, Math.max(1, domains.size()), new RecordingMailLog().log())) {
      for (Domain domain : domains) {
        store.write(domain, memory, now);
      }
    }
  }
}
