package org.sealwax.router.config;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingTable;

/** Checks one section as a whole against what its table and its keys declare. */
record DeclaredChecks(Section section) {
  private String heading() {
    return section.table().heading();
  }

  /** Adds problems to the reading. */
  void check(List<Section> rowsBefore) {
    SettingTable declared = section.table().declared();
    section
        .head()
        .error(
            rowsBefore.size() == declared.most(),
            "more than " + declared.most() + " of " + heading())
        .help("remove those that are needed least");
    together(List.of(declared.together()));
    oneOf(List.of(declared.oneOf()));
    for (SettingKey key : section.table().keys()) {
      Setting rules = key.declared();
      boolean empty = section.has(key.name()) && List.of().equals(section.find(key.name()).get());
      section
          .at(key.name())
          .error(rules.filled() && empty, key.name() + " in " + heading() + " cannot be empty")
          .help("it takes " + key.type().form());
      if (rules.unique() && section.has(key.name())) {
        unique(key, rowsBefore);
      }
    }
  }

  /** Checks durations against those that bound them. */
  void checkBounds() {
    for (SettingKey key : section.table().keys()) {
      Object given = section.has(key.name()) ? section.find(key.name()).get() : null;
      if (given instanceof Duration d
          && section.greatest(key).filter(most -> d.compareTo(most) > 0).isPresent()) {
        String bound = "half of [" + key.declared().mostHalfOf().replace(".", "] ");
        section
            .at(key.name())
            .error(key.name() + " in " + heading() + " is longer than " + bound)
            .help("at most " + bound + ", or mail expires before it ends");
      }
    }
  }

  private void unique(SettingKey key, List<Section> rowsBefore) {
    rowsBefore.stream()
        .filter(row -> section.find(key.name()).equals(row.find(key.name())))
        .findFirst()
        .ifPresent(
            row ->
                section
                    .at(key.name())
                    .error(
                        "the "
                            + heading()
                            + " in line "
                            + row.line()
                            + " has the same "
                            + key.name())
                    .help("remove one of the entries"));
  }

  private void together(List<String> keys) {
    List<String> given = keys.stream().filter(section::has).toList();
    List<String> missing = keys.stream().filter(k -> !section.has(k)).toList();
    if (!given.isEmpty() && !missing.isEmpty()) {
      section
          .at(given.getFirst())
          .error(heading() + " has " + all(given) + ", but no " + all(missing))
          .help("give " + all(keys) + ", or none of them");
    }
  }

  private void oneOf(List<String> keys) {
    long given = keys.stream().filter(k -> section.has(k) && !isFalse(k)).count();
    if (!keys.isEmpty() && given != 1) {
      ProblemPlace.Reported problem =
          section.head().error(heading() + " needs exactly one of " + all(keys));
      keys.stream()
          .map(k -> section.table().key(k).orElseThrow())
          .forEach(k -> problem.help(k.name() + ": " + k.doc()));
    }
  }

  private boolean isFalse(String key) {
    return section.find(key).filter(Boolean.FALSE::equals).isPresent();
  }

  private static String all(List<String> words) {
    int last = words.size() - 1;
    return last == 0
        ? words.getFirst()
        : String.join(", ", words.subList(0, last)) + " and " + words.get(last);
  }
}
