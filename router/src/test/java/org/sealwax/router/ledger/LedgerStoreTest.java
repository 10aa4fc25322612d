package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.AbstractMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.ledger.LedgerWriter.HeldRecord;

/** A batch reaches the disk as a whole or not at all. */
final class LedgerStoreTest {
  @TempDir private Path folder;

  /** The last part of a batch that cannot be written. */
  private static Map<String, Long> failing(Throwable failure) {
    return new AbstractMap<>() {
      @Override
      public Set<Entry<String, Long>> entrySet() {
        if (failure instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) failure;
      }
    };
  }

  @Test
  void aBatchThatABugEndsLeavesNothing() throws Exception {
    DomainRecord row = StoredDomainTest.rows().get(2);
    Map<Domain, HeldRecord> rows = Map.of(row.domain(), new HeldRecord(row, null));
    try (LedgerStore store = LedgerStore.open(folder.resolve("ledger.db"))) {
      for (Throwable failure :
          new Throwable[] {new IllegalStateException("injected"), new AssertionError("injected")}) {
        assertThrows(
            failure.getClass(),
            () -> store.write(new LedgerStore.Batch(rows, Map.of(), failing(failure))));
        assertNull(store.row(row.domain()));
      }
      store.write(new LedgerStore.Batch(rows, Map.of(), Map.of("a", 1L)));
      assertEquals(row, store.row(row.domain()));
      assertEquals(Map.of("a", 1L), store.meta());
    }
  }
}
