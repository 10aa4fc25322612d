package org.sealwax.assess.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What to do about a finding: exact lines for each mail router.
 *
 * @param general one sentence that holds for any of them; may be empty
 * @param settings by one of {@link #ROUTERS}, in that order: lines for its configuration or a
 *     shell, or a remark that it is so by default; routers without lines are left out
 */
public record FixAdvice(String general, Map<String, List<String>> settings) {
  /** Mail routers for which there is advice. */
  public static final List<String> ROUTERS = List.of("Postfix", "Exim", "OpenSMTPD", "Sealwax");

  /** Copies, in order. */
  public FixAdvice {
    Map<String, List<String>> ordered = new LinkedHashMap<>();
    for (String router : ROUTERS) {
      List<String> lines = settings.getOrDefault(router, List.of());
      if (!lines.isEmpty()) {
        ordered.put(router, List.copyOf(lines));
      }
    }
    settings = Collections.unmodifiableMap(ordered);
  }

  /** The mail router that a banner names; empty when it names none of {@link #ROUTERS}. */
  public static String routerNamedBy(String banner) {
    String lower = banner.toLowerCase(Locale.ROOT);
    return ROUTERS.stream()
        .filter(router -> lower.contains(router.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElse("");
  }

  /** Nothing to do that has lines. */
  public static FixAdvice of(String general) {
    return new FixAdvice(general, Map.of());
  }
}
