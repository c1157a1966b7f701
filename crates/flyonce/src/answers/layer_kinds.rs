//! Layers in words: what people call their kinds, and which ones a picture or page rests on.

use crate::coverage::answer::LayerUse;
use crate::lang::Words;

/// What people call a kind of layers; a kind without a word of its own is told as it is.
pub fn kind_words(kind: &str) -> Words {
    let (zh, en) = match kind {
        "district" => ("区界", "district"),
        "town" => ("街镇", "towns"),
        "flyable" => ("适飞", "flyable"),
        "legal-free" => ("适飞空域", "legally free"),
        "approved" => ("获批空域", "approved"),
        "obstacle-free" => ("无障碍", "obstacle-free"),
        "height-limit" => ("限高区", "height limits"),
        "no-fly" => ("禁飞物", "no-fly objects"),
        "temporary" => ("临时管制", "temporary areas"),
        "runway" => ("跑道", "runways"),
        "target-point" => ("目标点位", "target points"),
        "target-corridor" => ("目标廊道", "target corridors"),
        "target-area" => ("目标区域", "target areas"),
        "target-site" => ("目标场所", "target sites"),
        "shown" => ("展示", "shown only"),
        "demand" => ("需求范围", "demand"),
        other => (other, other),
    };
    Words::new(zh, en)
}

/// Kind, name and version; a layer that goes by the name of its kind is named once.
pub fn layer_words(layer: &LayerUse) -> Words {
    let kind = kind_words(&layer.kind);
    let rest = format!("{} {}", layer.name, layer.version);
    let zh = if layer.name == kind.zh {
        rest.clone()
    } else {
        format!("{} {rest}", kind.zh)
    };
    Words::new(zh, format!("{}: {rest}", kind.en))
}

/// Who made the layers, each once; `None` where none says so.
pub fn sources(layers: &[LayerUse]) -> Option<Words> {
    let mut sources: Vec<&str> = Vec::new();
    for source in layers.iter().filter_map(|layer| layer.source.as_deref()) {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    (!sources.is_empty()).then(|| {
        Words::new(
            format!("图层来源:{}", sources.join(";")),
            format!("Layers by: {}", sources.join("; ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use survey::layers::LayerKind;

    use super::*;

    #[test]
    fn every_kind_has_a_chinese_name() {
        for kind in LayerKind::ALL {
            let words = kind_words(kind.name());
            assert!(words.zh != kind.name() && !words.zh.is_ascii(), "{words:?}");
        }
        assert_eq!(kind_words("theirs").zh, "theirs");
    }

    #[test]
    fn sources_are_named_once() {
        let layer = |source: Option<&str>| LayerUse {
            kind: "flyable".to_owned(),
            name: "适飞".to_owned(),
            version: "2".to_owned(),
            valid_from: None,
            valid_to: None,
            source: source.map(str::to_owned),
        };
        assert_eq!(layer_words(&layer(None)).zh, "适飞 2");
        assert_eq!(sources(&[layer(None)]), None);
        let told = sources(&[layer(Some("甲")), layer(Some("乙")), layer(Some("甲"))]).unwrap();
        assert_eq!(told.zh, "图层来源:甲;乙");
    }
}
