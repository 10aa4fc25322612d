package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.router.ledger.HostMemoryStore;

final class HostMemoryCacheTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Observation BROKEN =
      new Observation.HandshakeFailed(TlsException.Kind.values()[0], "reset");

  private static final class RecordingHostMemoryStore implements HostMemoryStore {
    private final Map<String, HostMemory> kept = new HashMap<>();

    @Override
    public HostMemory at(String host) {
      return kept.getOrDefault(host, HostMemory.nothing());
    }

    @Override
    public void put(String host, HostMemory memory) {
      kept.put(host, memory);
    }
  }

  @Test
  void hostMemoryIsKeptOverARestart() {
    RecordingHostMemoryStore store = new RecordingHostMemoryStore();
    new HostMemoryCache(store).after("mx:25", BROKEN, FallbackStep.FULL, NOW);

    HostMemory later = new HostMemoryCache(store).at("mx:25", NOW.plusSeconds(60));

    assertEquals(Map.of(FallbackStep.FULL, NOW), later.broken());
    assertEquals(NOW, later.fullFailedFirst());
  }

  @Test
  void expiredMemoryIsIgnored() {
    RecordingHostMemoryStore store = new RecordingHostMemoryStore();
    new HostMemoryCache(store).after("mx:25", BROKEN, FallbackStep.FULL, NOW);
    Instant late = NOW.plus(FallbackLadder.NEGATIVE_MEMORY).plus(Duration.ofSeconds(1));

    HostMemory later = new HostMemoryCache(store).at("mx:25", late);

    assertEquals(Map.of(), later.broken());
    assertNull(later.fullFailedLast());
  }

  @Test
  void withoutStoreMemoryEndsAtRestart() {
    HostMemoryCache memories = new HostMemoryCache();
    memories.after("mx:25", BROKEN, FallbackStep.FULL, NOW);

    assertEquals(1, memories.size());
    assertEquals(HostMemory.nothing(), new HostMemoryCache().at("mx:25", NOW));
  }
}
