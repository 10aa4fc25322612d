package org.sealwax.mail.net;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A map of at most so many entries: one more, and another is forgotten. Not thread-safe.
 *
 * @param <K> keys
 * @param <V> values
 */
public final class BoundedMap<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  /** Entries at most. */
  private final int most;

  private BoundedMap(int most, boolean byUse) {
    super(16, 0.75f, byUse);
    this.most = most;
  }

  /**
   * {@return a map that forgets the entry that was not used for longest}
   *
   * @param most entries
   * @param <K> keys
   * @param <V> values
   */
  public static <K, V> BoundedMap<K, V> byUse(int most) {
    return new BoundedMap<>(most, true);
  }

  /**
   * {@return a map that forgets the entry that was put first}
   *
   * @param most entries
   * @param <K> keys
   * @param <V> values
   */
  public static <K, V> BoundedMap<K, V> byAge(int most) {
    return new BoundedMap<>(most, false);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
