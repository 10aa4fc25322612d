package org.sealwax.router.config;

/**
 * One setting in force.
 *
 * @param table its table's heading
 * @param rowNumber from 1 for repeated tables, else 0
 * @param key its name
 * @param value as TOML
 * @param origin {@code default}, {@code left out}, or {@code file:line}
 */
public record EffectiveSetting(
    String table, int rowNumber, String key, String value, String origin) {}
